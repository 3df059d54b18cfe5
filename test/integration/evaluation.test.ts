import { firstValueFrom, timeout } from 'rxjs';
import type { Principal } from '../../src/common/access/index.js';
import { newId } from '../../src/common/ids.js';
import { EvaluationModule, EvaluationService, EvaluationTicker } from '../../src/evaluation/index.js';
import { EvaluationsController } from '../../src/evaluation/evaluations.controller.js';
import { RunStore } from '../../src/evaluation/run-store.js';
import { RulesService } from '../../src/rules/index.js';
import { WebhooksModule } from '../../src/webhooks/index.js';
import { anEndpoint, aRule } from '../support/engine-factories.js';
import { aMember, anOrganization, aTechnique } from '../support/factories.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';

const HOUR_MS = 3_600_000;

let context: TestContext;
let engine: EvaluationService;

beforeAll(async () => {
  context = await startTestModule([WebhooksModule.register(), EvaluationModule]);
  engine = context.module.get(EvaluationService);
});

afterAll(async () => {
  await context.close();
});

beforeEach(async () => {
  context.clock.set(NOW);
  await context.database.query('TRUNCATE organization, technique CASCADE');
});

const rows = <Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> =>
  context.database.query<Row>(sql, parameters);

async function alerts(
  organizationId: string,
): Promise<{ rule_id: string; status: string; title: string; occurrence_count: number; id: string }[]> {
  return rows('SELECT * FROM alert_instance WHERE organization_id = $1 ORDER BY created_at, id', [organizationId]);
}

/** Creates an organisation in which the default rule of {@link aRule} breaches. */
async function aBreachingOrganization(): Promise<string> {
  const organizationId = await anOrganization(context.database);
  await aTechnique(context.database, { attackId: 'T1059' });
  return organizationId;
}

describe('a rule that fires', () => {
  it('opens an alert with a copy of the rule, and stores when the rule fired', async () => {
    const organizationId = await aBreachingOrganization();
    const ruleId = await aRule(context.database, organizationId, { name: 'Orphans', severity: 'high' });

    const { fired, rulesEvaluated } = await engine.evaluateDue();

    expect(rulesEvaluated).toBe(1);
    expect(fired).toHaveLength(1);
    expect(await alerts(organizationId)).toMatchObject([
      {
        rule_id: ruleId,
        rule_name: 'Orphans',
        rule_type: 'orphan_spike',
        severity: 'high',
        status: 'open',
        details: { orphan_count: 1, total: 1, threshold: 1 },
        created_at: NOW,
      },
    ]);
    expect(await rows('SELECT * FROM rule_standing WHERE rule_id = $1', [ruleId])).toMatchObject([
      {
        last_fired_at: NOW,
        last_evaluated_at: NOW,
        last_error: null,
        next_evaluation_at: new Date('2026-03-10T12:05:00Z'),
      },
    ]);
  });

  it('stores a run with the outcome of each rule', async () => {
    const organizationId = await aBreachingOrganization();
    await aRule(context.database, organizationId, { name: 'fires' });
    await aRule(context.database, organizationId, { name: 'rests', lastFiredAt: NOW });
    await aRule(context.database, organizationId, { name: 'is clear', config: { min_orphan_count: 2 } });
    await aRule(context.database, organizationId, {
      name: 'has nothing to compare',
      ruleType: 'coverage_regression',
      config: { min_drop_pct: 5 },
    });

    await engine.evaluateDue();

    const runs = context.module.get(RunStore);
    const [run] = (await runs.list(organizationId, { limit: 10 })).items;
    expect(run).toMatchObject({ trigger: 'cron', rulesEvaluated: 4, alertsFired: 1, startedAt: NOW });
    const outcomes = await runs.outcomesOf(run!);
    expect(Object.fromEntries(outcomes.map((outcome) => [outcome.rule_name, outcome.outcome]))).toEqual({
      fires: 'fired',
      rests: 'cooldown',
      'is clear': 'clear',
      'has nothing to compare': 'no_data',
    });
  });

  it('answers the duration of a run with three decimals, in a list and alone', async () => {
    const organizationId = await aBreachingOrganization();
    const { id } = await engine.evaluateOrganization(organizationId, null);
    await rows('UPDATE evaluation_run SET duration_seconds = 0.0123456 WHERE id = $1', [id]);
    const evaluations = context.module.get(EvaluationsController, { strict: false });
    const viewer = { organizationId } as Principal;
    expect(await evaluations.get(viewer, id)).toMatchObject({ duration_seconds: 0.012 });
    expect(await evaluations.list(viewer, {})).toMatchObject({ items: [{ duration_seconds: 0.012 }] });
  });

  it('notifies only the active admins and leads of its organisation, each once', async () => {
    const organizationId = await aBreachingOrganization();
    const otherOrganization = await anOrganization(context.database);
    const recipients = [];
    for (const role of ['admin', 'red_lead', 'blue_lead'] as const) {
      recipients.push((await aMember(context.database, organizationId, { role })).userId);
    }
    for (const role of ['analyst', 'viewer'] as const) await aMember(context.database, organizationId, { role });
    await aMember(context.database, organizationId, { role: 'admin', isActive: false });
    await aMember(context.database, otherOrganization, { role: 'admin' });
    await aRule(context.database, organizationId);
    const silent = await aRule(context.database, organizationId, { notifyInApp: false });

    await engine.evaluateDue();

    const notices = await rows<{ user_id: string; event: string }>('SELECT * FROM notification');
    expect(notices.map(({ user_id: userId }) => userId).sort()).toEqual(recipients.sort());
    expect(new Set(notices.map(({ event }) => event))).toEqual(new Set(['alert.fired']));
    const skips = await rows<{ user_id: string; rule_id: string; channel: string; reason: string }>(
      'SELECT s.user_id, a.rule_id, s.channel, s.reason FROM notification_skip s JOIN alert_instance a ON a.id = s.alert_id ORDER BY s.user_id',
    );
    expect(skips).toEqual(
      recipients
        .sort()
        .map((userId) => ({ user_id: userId, rule_id: silent, channel: 'in_app', reason: 'not_notified' })),
    );
  });

  it('queues one delivery for each endpoint that subscribed or that the rule names, never two', async () => {
    const organizationId = await aBreachingOrganization();
    const subscribed = await anEndpoint(context.database, organizationId);
    const named = await anEndpoint(context.database, organizationId, { events: [] });
    await anEndpoint(context.database, organizationId, { isEnabled: false });
    await anEndpoint(context.database, organizationId, { events: [] });
    await anEndpoint(context.database, await anOrganization(context.database));
    await aRule(context.database, organizationId, { name: 'names one', notifyWebhook: true, webhookId: named });
    await aRule(context.database, organizationId, {
      name: 'names the subscribed one',
      notifyWebhook: true,
      webhookId: subscribed,
    });
    await aRule(context.database, organizationId, {
      name: 'names one but sends no webhook',
      notifyWebhook: false,
      webhookId: named,
    });

    await engine.evaluateDue();

    const deliveries = await rows<{ endpoint_id: string; body: string }>(
      'SELECT d.endpoint_id, v.body FROM webhook_delivery d JOIN webhook_event v ON v.id = d.event_id',
    );
    const queued = deliveries.map(({ endpoint_id: endpointId, body }) => [
      JSON.parse(body).data.rule_name,
      endpointId === named ? 'named' : 'subscribed',
    ]);
    expect(queued.sort()).toEqual([
      ['names one but sends no webhook', 'subscribed'],
      ['names one', 'named'],
      ['names one', 'subscribed'],
      ['names the subscribed one', 'subscribed'],
    ]);
    expect(deliveries.every(({ endpoint_id: id }) => id === named || id === subscribed)).toBe(true);
    expect(JSON.parse(deliveries[0]!.body)).toMatchObject({
      type: 'alert.fired',
      timestamp: NOW.toISOString(),
      data: {
        alert_id: expect.any(String),
        rule_id: expect.any(String),
        rule_type: 'orphan_spike',
        severity: 'low',
        details: { orphan_count: 1 },
      },
    });
  });

  it('writes nothing if it cannot write the webhook outbox', async () => {
    const organizationId = await aBreachingOrganization();
    await aMember(context.database, organizationId, { role: 'admin' });
    await anEndpoint(context.database, organizationId);
    const ruleId = await aRule(context.database, organizationId);
    await rows(
      `CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the disk is full'; END $$`,
    );
    await rows('CREATE TRIGGER refuse BEFORE INSERT ON webhook_delivery FOR EACH ROW EXECUTE FUNCTION refuse()');

    await expect(engine.evaluateDue()).rejects.toThrow('the disk is full');
    await rows('DROP FUNCTION refuse CASCADE');

    for (const table of ['alert_instance', 'notification', 'webhook_delivery', 'evaluation_run']) {
      expect(await rows(`SELECT * FROM ${table}`)).toEqual([]);
    }
    expect(await rows('SELECT last_fired_at FROM rule_state WHERE rule_id = $1', [ruleId])).toEqual([
      { last_fired_at: null },
    ]);
    expect((await engine.evaluateDue()).fired).toHaveLength(1);
  });
});

describe('a rule that has fired', () => {
  it('does not fire during its cooldown, to the millisecond, and then opens a new alert', async () => {
    const organizationId = await aBreachingOrganization();
    await aRule(context.database, organizationId, { cooldownHours: 24 });
    await engine.evaluateDue();

    context.clock.set(new Date(NOW.getTime() + 24 * HOUR_MS - 1));
    expect(await engine.evaluateDue()).toMatchObject({ rulesEvaluated: 1, fired: [] });
    context.clock.set(new Date(NOW.getTime() + 24 * HOUR_MS));
    expect((await engine.evaluateOrganization(organizationId, null)).alertsFired).toBe(1);
    expect(await alerts(organizationId)).toHaveLength(2);
  });

  it('uses a shortened cooldown at once', async () => {
    const organizationId = await aBreachingOrganization();
    const ruleId = await aRule(context.database, organizationId, { cooldownHours: 24 });
    await engine.evaluateDue();
    await rows('UPDATE alert_rule SET cooldown_hours = 1 WHERE id = $1', [ruleId]);

    context.clock.set(new Date(NOW.getTime() + HOUR_MS));
    expect((await engine.evaluateDue()).fired).toHaveLength(1);
  });

  it('refreshes its open alert without new notifications if on_repeat is update_open', async () => {
    const organizationId = await aBreachingOrganization();
    await aMember(context.database, organizationId, { role: 'admin' });
    await anEndpoint(context.database, organizationId);
    await aRule(context.database, organizationId, { onRepeat: 'update_open', cooldownHours: 1 });
    await engine.evaluateDue();
    await aTechnique(context.database, { attackId: 'T1003' });

    context.clock.set(new Date(NOW.getTime() + HOUR_MS));
    expect((await engine.evaluateDue()).fired).toEqual([]);

    expect(await alerts(organizationId)).toMatchObject([
      { occurrence_count: 2, details: { orphan_count: 2 }, last_occurred_at: context.clock.now(), created_at: NOW },
    ]);
    expect(await rows('SELECT * FROM notification')).toHaveLength(1);
    expect(await rows('SELECT * FROM webhook_delivery')).toHaveLength(1);
  });

  it('opens a new alert if the alert to refresh is resolved', async () => {
    const organizationId = await aBreachingOrganization();
    await aRule(context.database, organizationId, { onRepeat: 'update_open', cooldownHours: 1 });
    await engine.evaluateDue();
    await rows(`UPDATE alert_instance SET status = 'resolved'`);

    context.clock.set(new Date(NOW.getTime() + HOUR_MS));
    expect((await engine.evaluateDue()).fired).toHaveLength(1);
    expect((await alerts(organizationId)).map(({ status }) => status)).toEqual(['resolved', 'open']);
  });
});

describe('a rule that fails', () => {
  it('stores its error, does not stop other rules, and clears the error once it works again', async () => {
    const organizationId = await aBreachingOrganization();
    const broken = await aRule(context.database, organizationId, { config: { min_orphan_count: 'many' } });
    const unknown = await aRule(context.database, organizationId, { ruleType: 'moon_phase', config: {} });
    const working = await aRule(context.database, organizationId);

    const { fired } = await engine.evaluateDue();

    expect(fired.map(({ ruleId }) => ruleId)).toEqual([working]);
    const errors = await rows<{ rule_id: string; last_error: string | null; consecutive_errors: number }>(
      'SELECT * FROM rule_state',
    );
    const errorOf = (id: string): string | null => errors.find(({ rule_id: ruleId }) => ruleId === id)!.last_error;
    expect(errorOf(broken)).toContain('min_orphan_count');
    expect(errorOf(unknown)).toContain('rule_type must be one of');
    expect(errorOf(working)).toBeNull();

    await rows(`UPDATE alert_rule SET config = '{"min_orphan_count": 1}' WHERE id = $1`, [broken]);
    context.clock.advanceMs(HOUR_MS);
    await engine.evaluateDue();
    expect(await rows('SELECT last_error, consecutive_errors FROM rule_state WHERE rule_id = $1', [broken])).toEqual([
      { last_error: null, consecutive_errors: 0 },
    ]);
  });

  it('notifies admins and leads at its third failure in a row, and again only after it has worked in between', async () => {
    const organizationId = await aBreachingOrganization();
    const { userId } = await aMember(context.database, organizationId, { role: 'blue_lead' });
    await aMember(context.database, organizationId, { role: 'viewer' });
    const ruleId = await aRule(context.database, organizationId, {
      name: 'Broken',
      config: { min_orphan_count: 'many' },
    });
    const endpointId = await anEndpoint(context.database, organizationId, { events: ['rule.failing'] });
    const pass = (): Promise<unknown> => engine.evaluateOrganization(organizationId, null);
    const notifications = (): Promise<{ user_id: string; title: string; message: string }[]> =>
      rows(`SELECT * FROM notification WHERE event = 'rule.failing'`);

    await pass();
    await pass();
    expect(await notifications()).toEqual([]);
    await pass();
    await pass();
    const webhooks = await rows<{ body: string }>(
      'SELECT v.body FROM webhook_delivery d JOIN webhook_event v ON v.id = d.event_id WHERE d.endpoint_id = $1',
      [endpointId],
    );
    expect(webhooks.map(({ body }) => JSON.parse(body) as unknown)).toMatchObject([
      {
        type: 'rule.failing',
        data: {
          rule_id: ruleId,
          rule_name: 'Broken',
          message: expect.stringContaining('min_orphan_count'),
          organization: { id: organizationId },
        },
      },
    ]);
    expect(await notifications()).toMatchObject([
      {
        user_id: userId,
        alert_id: null,
        title: 'Rule Broken keeps failing',
        message: expect.stringContaining('min_orphan_count'),
      },
    ]);

    await rows(`UPDATE alert_rule SET config = '{"min_orphan_count": 5}' WHERE id = $1`, [ruleId]);
    await pass();
    await rows(`UPDATE alert_rule SET config = '{"min_orphan_count": "many"}' WHERE id = $1`, [ruleId]);
    for (let index = 0; index < 4; index++) await pass();
    expect(await notifications()).toHaveLength(2);
  });
});

describe('a rule with its own interval', () => {
  it('counts the interval from when it was due, and makes up for missed intervals once', async () => {
    const organizationId = await aBreachingOrganization();
    const due = new Date(NOW.getTime() - 125 * 60_000);
    const ruleId = await aRule(context.database, organizationId, {
      nextEvaluationAt: due,
      evaluationIntervalMinutes: 60,
    });
    expect((await engine.evaluateDue()).rulesEvaluated).toBe(1);
    expect(await rows('SELECT next_evaluation_at FROM rule_standing WHERE rule_id = $1', [ruleId])).toEqual([
      { next_evaluation_at: new Date(due.getTime() + 180 * 60_000) },
    ]);
  });
});

describe('a schedule that several rules share', () => {
  it('evaluates all of its rules, writes nothing for an unchanged rule, and disappears with its last rule', async () => {
    const organizationId = await aBreachingOrganization();
    const quiet = await aRule(context.database, organizationId, { config: { min_orphan_count: 9 } });
    const hourly = await aRule(context.database, organizationId, { evaluationIntervalMinutes: 60 });
    // The first pass stores the measured value. After it, nothing changes.
    expect((await engine.evaluateDue()).rulesEvaluated).toBe(2);
    const before = await rows<{ xmin: string }>('SELECT xmin FROM rule_state WHERE rule_id = $1', [quiet]);

    const later = new Date(NOW.getTime() + HOUR_MS);
    context.clock.set(later);
    expect((await engine.evaluateDue()).rulesEvaluated).toBe(2);
    expect(await rows('SELECT xmin FROM rule_state WHERE rule_id = $1', [quiet])).toEqual(before);
    expect(await rows('SELECT last_evaluated_at FROM rule_standing WHERE rule_id = $1', [quiet])).toEqual([
      { last_evaluated_at: later },
    ]);

    await rows('DELETE FROM alert_rule WHERE id = $1', [hourly]);
    context.clock.set(new Date(NOW.getTime() + 2 * HOUR_MS));
    expect((await engine.evaluateDue()).rulesEvaluated).toBe(1);
    expect(await rows('SELECT interval_minutes FROM rule_schedule')).toEqual([{ interval_minutes: 0 }]);
  });

  it('is evaluated once for each of many organisations, with parallel batches in one process', async () => {
    await aTechnique(context.database, { attackId: 'T1059' });
    await rows(
      `WITH o AS (INSERT INTO organization (id, slug, name) SELECT vedette_uuidv7(), 'o' || i, 'O' || i FROM generate_series(1, 600) i RETURNING id),
         r AS (INSERT INTO alert_rule (id, organization_id, name, rule_type, severity, config, cooldown_hours)
           SELECT vedette_uuidv7(), id, 'Low', 'expiry_wave', 'low', '{"min_pending_count": 1}', 1 FROM o RETURNING id, organization_id),
         s AS (INSERT INTO rule_state (organization_id, rule_id, scheduled_since) SELECT organization_id, id, $1 FROM r)
       INSERT INTO rule_schedule (organization_id, interval_minutes, next_evaluation_at) SELECT id, 0, $1 FROM o`,
      [NOW],
    );
    expect((await engine.evaluateDue()).rulesEvaluated).toBe(600);
    expect(await rows('SELECT organization_id FROM evaluation_run')).toHaveLength(600);
    expect(await rows('SELECT FROM rule_schedule WHERE last_evaluated_at IS NULL')).toEqual([]);
  });
});

describe('the selection of rules to evaluate', () => {
  it('skips disabled rules and rules that are not due', async () => {
    const organizationId = await aBreachingOrganization();
    await aRule(context.database, organizationId, { isEnabled: false });
    await aRule(context.database, organizationId, { nextEvaluationAt: new Date(NOW.getTime() + 1) });
    expect((await engine.evaluateDue()).rulesEvaluated).toBe(0);
    expect((await engine.evaluateOrganization(organizationId, null)).rulesEvaluated).toBe(1);
  });

  it('does not evaluate again what a requested evaluation covered, and leaves later schedules as they are', async () => {
    const organizationId = await aBreachingOrganization();
    const later = new Date(NOW.getTime() + 7 * 60_000);
    const due = await aRule(context.database, organizationId, { cooldownHours: 0 });
    const hourly = await aRule(context.database, organizationId, {
      evaluationIntervalMinutes: 60,
      nextEvaluationAt: later,
    });
    expect((await engine.evaluateOrganization(organizationId, null)).rulesEvaluated).toBe(2);
    expect((await engine.evaluateDue()).rulesEvaluated).toBe(0);
    expect(
      await rows('SELECT rule_id, next_evaluation_at, last_evaluated_at FROM rule_standing ORDER BY rule_id', []),
    ).toEqual(
      [
        { rule_id: due, next_evaluation_at: new Date('2026-03-10T12:05:00Z'), last_evaluated_at: NOW },
        { rule_id: hourly, next_evaluation_at: later, last_evaluated_at: NOW },
      ].sort((a, b) => a.rule_id.localeCompare(b.rule_id)),
    );
  });

  it('returns an empty run for an organisation without rules', async () => {
    const organizationId = await anOrganization(context.database);
    expect(await engine.evaluateOrganization(organizationId, null)).toMatchObject({
      rulesEvaluated: 0,
      alertsFired: 0,
      outcomes: [],
    });
  });

  it('makes up for missed slots once', async () => {
    const organizationId = await aBreachingOrganization();
    await aRule(context.database, organizationId, { nextEvaluationAt: new Date(NOW.getTime() - 26 * HOUR_MS) });
    expect((await engine.evaluateDue()).rulesEvaluated).toBe(1);
    expect((await engine.evaluateDue()).rulesEvaluated).toBe(0);
  });

  it('evaluates only the rules that a posture change can affect, after the debounce', async () => {
    const organizationId = await aBreachingOrganization();
    const later = new Date(NOW.getTime() + HOUR_MS);
    const orphans = await aRule(context.database, organizationId, { nextEvaluationAt: later });
    await aRule(context.database, organizationId, {
      ruleType: 'coverage_regression',
      config: { min_drop_pct: 5 },
      nextEvaluationAt: later,
    });
    const dueAt = new Date(NOW.getTime() + 250);
    await rows(`INSERT INTO posture_change VALUES ($1, ARRAY['posture'], $2, $3)`, [organizationId, NOW, dueAt]);

    context.clock.set(new Date(dueAt.getTime() - 1));
    expect((await engine.evaluateChanged()).rulesEvaluated).toBe(0);
    context.clock.set(dueAt);
    expect((await engine.evaluateChanged()).fired.map(({ ruleId }) => ruleId)).toEqual([orphans]);

    expect(await rows('SELECT trigger, rules_evaluated FROM evaluation_run')).toEqual([
      { trigger: 'posture_change', rules_evaluated: 1 },
    ]);
    expect(await rows('SELECT * FROM posture_change')).toEqual([]);
    expect(await rows('SELECT next_evaluation_at FROM rule_standing WHERE rule_id = $1', [orphans])).toEqual([
      { next_evaluation_at: later },
    ]);
  });
});

it('fires once for each release, even while its techniques still count as new', async () => {
  const organizationId = await anOrganization(context.database);
  await aTechnique(context.database, { attackId: 'T1059', mitreLastModified: NOW });
  const release = (version: string) =>
    rows(`UPDATE technique SET last_change_kind = 'added', last_change_release = '${version}'`);
  await release('18.0');
  await aRule(context.database, organizationId, {
    ruleType: 'new_technique',
    config: { lookback_days: 7, min_count: 1, once_per_release: true },
    cooldownHours: 1,
  });
  const outcomes = [];
  for (const version of ['18.0', '18.0', '18.1', '18.1']) {
    await release(version);
    const {
      outcomes: [outcome],
    } = await engine.evaluateOrganization(organizationId, null);
    outcomes.push(outcome!.outcome);
    context.clock.advanceMs(2 * HOUR_MS);
  }
  expect(outcomes).toEqual(['fired', 'already_alerted', 'fired', 'already_alerted']);
  expect(await alerts(organizationId)).toHaveLength(2);
});

describe('a new or changed rule', () => {
  let ticker: EvaluationTicker;
  let organizationId: string;

  beforeEach(async () => {
    organizationId = await aBreachingOrganization();
    ticker = context.module.get(EvaluationTicker);
    await ticker.start();
  });

  afterEach(() => ticker.beforeApplicationShutdown());

  /** Waits until the engine has looked for work. No tick runs in this test, so only a wake-up starts the look. */
  const lookAfter = async (write: () => Promise<unknown>): Promise<void> => {
    const looked = firstValueFrom(ticker.completed.pipe(timeout(5_000)));
    await write();
    await looked;
  };
  const triggers = async (): Promise<string[]> =>
    (await rows<{ trigger: string }>('SELECT trigger FROM evaluation_run ORDER BY id')).map(({ trigger }) => trigger);
  const rule = { name: 'Orphans', ruleType: 'orphan_spike', severity: 'low', cooldownHours: 0 } as const;

  it('is evaluated soon after its commit, once, without a tick', async () => {
    const service = context.module.get(RulesService, { strict: false });
    let id = '';
    await lookAfter(async () => {
      ({ id } = (await service.create(organizationId, { ...rule, config: { min_orphan_count: 1 } }, newId())).rule);
    });
    expect(await triggers()).toEqual(['cron']);
    expect(await alerts(organizationId)).toMatchObject([{ rule_id: id }]);
    await lookAfter(() => service.change(organizationId, id, { severity: 'high' }));
    expect(await triggers()).toEqual(['cron', 'cron']);
    await lookAfter(async () => {
      await service.change(organizationId, id, { severity: 'info' });
      await engine.evaluateOrganization(organizationId, null);
    });
    expect(await triggers()).toEqual(['cron', 'cron', 'manual']);
  });
});

describe('simultaneous evaluations', () => {
  it('evaluate each due rule once across replicas', async () => {
    const organizations = [];
    for (let index = 0; index < 30; index++) organizations.push(await anOrganization(context.database));
    await aTechnique(context.database, { attackId: 'T1059' });
    for (const organizationId of organizations) {
      for (let index = 0; index < 4; index++) await aRule(context.database, organizationId);
    }

    const passes = await Promise.all(Array.from({ length: 4 }, () => engine.evaluateDue()));

    expect(passes.reduce((sum, { rulesEvaluated }) => sum + rulesEvaluated, 0)).toBe(120);
    expect(await rows('SELECT rule_id FROM alert_instance GROUP BY rule_id HAVING count(*) > 1')).toEqual([]);
    expect(await rows('SELECT * FROM alert_instance')).toHaveLength(120);
  });

  it('of the same organisation fire a rule once', async () => {
    const organizationId = await aBreachingOrganization();
    await aRule(context.database, organizationId);
    const runs = await Promise.all(Array.from({ length: 5 }, () => engine.evaluateOrganization(organizationId, null)));
    expect(runs.map(({ alertsFired }) => alertsFired).sort()).toEqual([0, 0, 0, 0, 1]);
    expect(await alerts(organizationId)).toHaveLength(1);
  });
});
