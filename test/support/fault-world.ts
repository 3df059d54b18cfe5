import type { ExitPoint } from '../../src/common/exit-points.js';
import { createTestDatabase, type TestDatabase } from './databases.js';
import { runCommandLine } from './two-organizations.js';
import { ADMIN_EMAIL, ADMIN_PASSWORD, eventually, VedetteProcess, type HttpAnswer } from './vedette-process.js';
import { startWebhookReceiver, type ReceivedRequest, type WebhookReceiver } from './webhook-receiver.js';

/** An organisation with three people who get notifications of alerts (an admin and two leads) and one endpoint. */
export interface FaultOrganization {
  id: string;
  token: string;
  /** The path of its endpoint at the receiver. */
  hook: string;
  endpointId: string;
}

/** The number of people of a {@link FaultOrganization} who get a notification of an alert. The analyst gets none. */
export const RECIPIENTS_PER_ALERT = 3;

const PASSWORD = 'password of the fault tests';

/** Organisations on a database, a receiver for their webhooks, and replicas that a test starts and kills. */
export class FaultWorld {
  readonly organizations: FaultOrganization[] = [];
  private readonly started = new Set<VedetteProcess>();

  private constructor(
    readonly database: TestDatabase,
    readonly receiver: WebhookReceiver,
    private readonly settings: Record<string, string>,
  ) {}

  /** Uses the given database, or creates one on the suite's server. */
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

  /** Starts a replica. It dies at `exitAt` if given. */
  async startReplica(exitAt?: ExitPoint): Promise<VedetteProcess> {
    const replica = await VedetteProcess.start({
      ...this.env,
      ...(exitAt === undefined ? {} : { VEDETTE_TEST_EXIT_AT: exitAt }),
    });
    this.started.add(replica);
    return replica;
  }

  /** Creates people and an endpoint for the default organisation and for each named new one. */
  async addPeopleAndEndpoints(replica: VedetteProcess, ...moreNames: string[]): Promise<void> {
    const tokens = [await replica.signIn(ADMIN_EMAIL, ADMIN_PASSWORD)];
    for (const [index, name] of moreNames.entries()) {
      const email = `admin${index}@faults.example`;
      const created = runCommandLine(this.database, 'organization', 'create', name, '--admin-email', email);
      tokens.push(await replica.signIn(email, /password (\S+)/.exec(created)![1]));
    }
    for (const [index, token] of tokens.entries()) {
      this.organizations.push(await this.addPeopleAndEndpoint(replica, index, token));
    }
  }

  private async addPeopleAndEndpoint(
    replica: VedetteProcess,
    index: number,
    token: string,
  ): Promise<FaultOrganization> {
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

  /** Adds a rule that fires when a risk score reaches `minRiskScore`, followed by a cooldown of most of a year. */
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
        // The endpoint is both direct and subscribed, and must still get the alert only once.
        notify_webhook: true,
        webhook_id: endpointId,
      },
    });
    return id;
  }

  /** Sends a change of risk. Returns undefined if the replica dies without an answer. */
  async putRisk(replica: VedetteProcess, token: string, riskScore: number): Promise<HttpAnswer | undefined> {
    return replica
      .request('PUT', '/api/v1/posture', { token, body: { items: [{ attack_id: 'T1059', risk_score: riskScore }] } })
      .catch(() => undefined);
  }

  /** Waits until every rule has been evaluated, no change is waiting, and no evaluation is running. */
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
   * Expires the leases of killed workers at once instead of within a minute. A living worker has no lease older than
   * `olderThanMs`, because the receiver answers at once.
   */
  async expireLeases(olderThanMs = 0): Promise<void> {
    await this.database.query(
      `UPDATE webhook_delivery SET locked_until = now() - interval '1 second'
       WHERE status = 'pending' AND locked_until < now() + interval '60 seconds' - $1 * interval '1 millisecond'`,
      [olderThanMs],
    );
  }

  /** Waits until all deliveries are complete, and expires the leases of killed workers. */
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

  /** Counts the alerts of these rules in the database, with their notifications and deliveries. */
  async tally(ruleIds: readonly string[]): Promise<Tally> {
    const [row] = await this.database.query<Omit<Tally, 'sends' | 'duplicateSends' | 'alertsWithSeveralIds'>>(
      `WITH alert AS (SELECT id, rule_id FROM alert_instance WHERE rule_id = ANY ($1::uuid[]))
       SELECT (SELECT count(*)::integer FROM alert) AS alerts,
         (SELECT count(DISTINCT rule_id)::integer FROM alert) AS "rulesFired",
         (SELECT count(*)::integer FROM notification n JOIN alert a ON a.id = n.alert_id) AS notifications,
         (SELECT count(DISTINCT (n.alert_id, n.user_id))::integer FROM notification n JOIN alert a ON a.id = n.alert_id) AS "notifiedPairs",
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
      alertsWithSeveralIds: [...idOf.values()].filter((ids) => ids.size > 1).length,
    };
  }

  /** The requests that the receiver got for these rules. */
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
  /** The number of pairs of an alert and a notified person. */
  notifiedPairs: number;
  deliveries: number;
  delivered: number;
  /** Deliveries with a lease of any worker, alive or dead. */
  leases: number;
  sends: number;
  /** Sends after the first one of each alert. */
  duplicateSends: number;
  /** Alerts that were sent with more than one `webhook-id`. */
  alertsWithSeveralIds: number;
}

/**
 * The expected tally if each rule fired once, all people got a notification, and the endpoint accepted the delivery.
 */
export function onceEach(rules: number): Omit<Tally, 'sends' | 'duplicateSends'> {
  return {
    alerts: rules,
    rulesFired: rules,
    notifications: rules * RECIPIENTS_PER_ALERT,
    notifiedPairs: rules * RECIPIENTS_PER_ALERT,
    deliveries: rules,
    delivered: rules,
    leases: 0,
    alertsWithSeveralIds: 0,
  };
}

/** Prints the counts of a fault test to the terminal. They are a result, not a log. */
export function report(line: string): void {
  process.stdout.write(`    ${line}\n`);
}

/** Freezes a process between two instructions, like a stalled machine. Its connections stay open. */
export function freeze(replica: VedetteProcess): void {
  replica['child'].kill('SIGSTOP');
}

export function thaw(replica: VedetteProcess): void {
  replica['child'].kill('SIGCONT');
}
