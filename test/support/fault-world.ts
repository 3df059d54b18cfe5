import type { ExitPoint } from '../../src/common/exit-points.js';
import { createTestDatabase, type TestDatabase } from './databases.js';
import { runCommandLine } from './two-organizations.js';
import { ADMIN_EMAIL, ADMIN_PASSWORD, eventually, VedetteProcess, type HttpAnswer } from './vedette-process.js';
import { startWebhookReceiver, type ReceivedRequest, type WebhookReceiver } from './webhook-receiver.js';

/** An organisation whose admin and two leads are told of alerts, and one endpoint of which is. */
export interface FaultOrganization {
  id: string;
  token: string;
  /** The path at the receiver. */
  hook: string;
  endpointId: string;
}

/** How many people of a {@link FaultOrganization} are told of an alert; its analyst is not. */
export const PEOPLE_TOLD = 3;

const PASSWORD = 'somebody of the fault tests';

/** Organisations on a database, a receiver of their webhooks, and the replicas that a test starts and kills. */
export class FaultWorld {
  readonly organizations: FaultOrganization[] = [];
  private readonly started = new Set<VedetteProcess>();

  private constructor(
    readonly database: TestDatabase,
    readonly receiver: WebhookReceiver,
    private readonly settings: Record<string, string>,
  ) {}

  /** A database of the suite's server, or the one given. */
  static async create(settings: Record<string, string> = {}, database?: TestDatabase): Promise<FaultWorld> {
    return new FaultWorld(database ?? (await createTestDatabase()), await startWebhookReceiver(), settings);
  }

  get env(): Record<string, string> {
    return {
      DATABASE_URL: this.database.url,
      VEDETTE_WEBHOOK_ALLOWED_HOSTS: this.receiver.host,
      NODE_ENV: 'test',
      ...this.settings,
    };
  }

  /** Starts a replica, which dies at `exitAt` if that is given. */
  async startReplica(exitAt?: ExitPoint): Promise<VedetteProcess> {
    const replica = await VedetteProcess.start({
      ...this.env,
      ...(exitAt === undefined ? {} : { VEDETTE_TEST_EXIT_AT: exitAt }),
    });
    this.started.add(replica);
    return replica;
  }

  /** Gives the default organisation, and as many more as are named, people and an endpoint each. */
  async furnish(replica: VedetteProcess, ...moreNames: string[]): Promise<void> {
    const tokens = [await replica.signIn(ADMIN_EMAIL, ADMIN_PASSWORD)];
    for (const [index, name] of moreNames.entries()) {
      const email = `admin${index}@faults.example`;
      const created = runCommandLine(this.database, 'organization', 'create', name, '--admin-email', email);
      tokens.push(await replica.signIn(email, /password (\S+)/.exec(created)![1]));
    }
    for (const [index, token] of tokens.entries())
      this.organizations.push(await this.furnishOne(replica, index, token));
  }

  private async furnishOne(replica: VedetteProcess, index: number, token: string): Promise<FaultOrganization> {
    for (const role of ['red_lead', 'blue_lead', 'analyst']) {
      await replica.api('POST', '/users', {
        token,
        body: { email: `${role}${index}@faults.example`, display_name: role, role, password: PASSWORD },
      });
    }
    const hook = `/hook-${index}`;
    const { id: endpointId } = await replica.api('POST', '/webhooks', {
      token,
      body: { name: hook, url: this.receiver.url(hook), events: ['alert.fired'] },
    });
    const { organization } = await replica.api('GET', '/auth/me', { token });
    return { id: organization.id, token, hook, endpointId };
  }

  /** A rule that fires when a technique's risk score reaches `minRiskScore`, and then rests for most of a year. */
  async addRiskRule(
    replica: VedetteProcess,
    { token, endpointId }: FaultOrganization,
    minRiskScore: number,
  ): Promise<string> {
    const { id } = await replica.api('POST', '/rules', {
      token,
      body: {
        name: `Risk of ${minRiskScore}`,
        rule_type: 'high_risk',
        severity: 'high',
        config: { min_risk_score: minRiskScore, min_count: 1 },
        cooldown_hours: 8000,
        on_repeat: 'new_instance',
        // Both its own endpoint and one that is subscribed: it must be told once.
        notify_webhook: true,
        webhook_id: endpointId,
      },
    });
    return id;
  }

  /** The answer of a replica that may be killed in the middle of it: undefined where there was none. */
  async putRisk(replica: VedetteProcess, token: string, riskScore: number): Promise<HttpAnswer | undefined> {
    return replica
      .request('PUT', '/api/v1/posture', { token, body: { items: [{ attack_id: 'T1059', risk_score: riskScore }] } })
      .catch(() => undefined);
  }

  /** Waits until every rule has been evaluated, no change waits, and no pass is under way. */
  async settled(timeoutMs = 30_000): Promise<void> {
    await eventually(
      async () => {
        const [row] = await this.database.query<{ waiting: boolean }>(
          `SELECT EXISTS (SELECT FROM posture_change)
             OR EXISTS (SELECT FROM rule_standing WHERE next_evaluation_at <= now() OR last_evaluated_at IS NULL)
             OR EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
               AND xact_start IS NOT NULL AND backend_type = 'client backend') AS waiting`,
        );
        return !row!.waiting;
      },
      'every rule and every change was evaluated',
      timeoutMs,
    );
  }

  /**
   * Ends the leases of workers that were killed, which would run out by themselves within a minute. A worker that lives holds none for as long as
   * `olderThanMs`, since the receiver answers at once.
   */
  async expireLeases(olderThanMs = 0): Promise<void> {
    await this.database.query(
      `UPDATE webhook_delivery SET locked_until = now() - interval '1 second'
       WHERE status = 'pending' AND locked_until < now() + interval '60 seconds' - $1 * interval '1 millisecond'`,
      [olderThanMs],
    );
  }

  /** Waits until nothing is left to deliver, ending the leases of the dead. */
  async delivered(timeoutMs = 30_000): Promise<void> {
    await eventually(
      async () => {
        await this.expireLeases(3_000);
        const [row] = await this.database.query<{ pending: boolean }>(
          `SELECT EXISTS (SELECT FROM webhook_delivery WHERE status = 'pending') AS pending`,
        );
        return !row!.pending;
      },
      'everything was delivered',
      timeoutMs,
    );
  }

  /** What the database holds of these rules' alerts. */
  async tally(ruleIds: readonly string[]): Promise<Tally> {
    const [row] = await this.database.query<Omit<Tally, 'sends' | 'duplicateSends' | 'strangers'>>(
      `WITH alert AS (SELECT id, rule_id FROM alert_instance WHERE rule_id = ANY ($1::uuid[]))
       SELECT (SELECT count(*)::integer FROM alert) AS alerts,
         (SELECT count(DISTINCT rule_id)::integer FROM alert) AS "rulesFired",
         (SELECT count(*)::integer FROM notification n JOIN alert a ON a.id = n.alert_id) AS notifications,
         (SELECT count(DISTINCT (n.alert_id, n.user_id))::integer FROM notification n JOIN alert a ON a.id = n.alert_id) AS "peopleTold",
         (SELECT count(*)::integer FROM webhook_delivery d JOIN alert a ON a.id = d.alert_id) AS deliveries,
         (SELECT count(*)::integer FROM webhook_delivery d JOIN alert a ON a.id = d.alert_id WHERE d.status = 'delivered') AS delivered,
         (SELECT count(*)::integer FROM webhook_delivery WHERE locked_until IS NOT NULL) AS leases`,
      [ruleIds],
    );
    const sends = this.sendsOf(ruleIds);
    const idOf = new Map<string, Set<string>>();
    for (const { alertId, webhookId } of sends) idOf.set(alertId, (idOf.get(alertId) ?? new Set()).add(webhookId));
    return {
      ...row!,
      sends: sends.length,
      duplicateSends: sends.length - idOf.size,
      strangers: [...idOf.values()].filter((ids) => ids.size > 1).length,
    };
  }

  /** What the receiver got of these rules' alerts. */
  private sendsOf(ruleIds: readonly string[]): { alertId: string; webhookId: string }[] {
    return this.receiver.requests.flatMap(({ body, headers }: ReceivedRequest) => {
      const { data } = JSON.parse(body) as { data: { alert_id: string; rule_id: string } };
      return ruleIds.includes(data.rule_id)
        ? [{ alertId: data.alert_id, webhookId: String(headers['webhook-id']) }]
        : [];
    });
  }

  async stop(): Promise<void> {
    await Promise.all([...this.started].map((replica) => replica.kill()));
    await this.receiver.close();
    await this.database.drop();
  }
}

export interface Tally {
  alerts: number;
  rulesFired: number;
  notifications: number;
  /** Pairs of an alert and somebody who is told of it. */
  peopleTold: number;
  deliveries: number;
  delivered: number;
  /** Deliveries that a worker, alive or dead, holds. */
  leases: number;
  sends: number;
  /** Sends beyond the first of an alert. */
  duplicateSends: number;
  /** Alerts that came under more than one `webhook-id`. */
  strangers: number;
}

/** What the tally must be when each of so many rules fired once, all its people were told, and its one endpoint took it. */
export function onceEach(rules: number): Omit<Tally, 'sends' | 'duplicateSends'> {
  return {
    alerts: rules,
    rulesFired: rules,
    notifications: rules * PEOPLE_TOLD,
    peopleTold: rules * PEOPLE_TOLD,
    deliveries: rules,
    delivered: rules,
    leases: 0,
    strangers: 0,
  };
}

/** Writes what a fault test counted to the terminal: the numbers are a result, not a log. */
export function report(line: string): void {
  process.stdout.write(`    ${line}\n`);
}

/** Lets a process stand still between two instructions, as on a machine that stalls. Nothing is lost, nothing is closed. */
export function freeze(replica: VedetteProcess): void {
  replica['child'].kill('SIGSTOP');
}

export function thaw(replica: VedetteProcess): void {
  replica['child'].kill('SIGCONT');
}
