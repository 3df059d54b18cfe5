import fc from 'fast-check';
import { EvaluationModule, EvaluationService } from '../../src/evaluation/index.js';
import { BacktestService, type Backtest } from '../../src/evaluation/preview/backtest.service.js';
import { PreviewService, type Preview } from '../../src/evaluation/preview/preview.service.js';
import type { RuleOutcome } from '../../src/evaluation/rule-outcome.js';
import { RunStore } from '../../src/evaluation/run-store.js';
import { RulesService } from '../../src/rules/index.js';
import { WebhooksModule } from '../../src/webhooks/index.js';
import { anEndpoint, aRule } from '../support/engine-factories.js';
import { aMember } from '../support/factories.js';
import { DAY_MS, HOUR_MS, HistoryWorld, moves } from '../support/history-world.js';
import { NOW } from '../support/test-module.js';

/** A rule of each type that fires with few techniques. */
const RULES: readonly { ruleType: string; config: Record<string, number> }[] = [
  { ruleType: 'high_risk', config: { min_risk_score: 50, min_count: 1 } },
  { ruleType: 'stale_technique', config: { days_stale: 20, min_count: 1 } },
  { ruleType: 'coverage_regression', config: { min_drop_pct: 1 } },
  { ruleType: 'low_coverage', config: { max_coverage_pct: 40 } },
  { ruleType: 'expiry_wave', config: { min_pending_count: 1 } },
  { ruleType: 'new_technique', config: { lookback_days: 5, min_count: 1 } },
  { ruleType: 'orphan_spike', config: { min_orphan_count: 3 } },
];

interface Repeat {
  cooldownHours: number;
  onRepeat: 'new_instance' | 'update_open';
}

const repeats: fc.Arbitrary<Repeat[]> = fc.array(
  fc.record({
    cooldownHours: fc.constantFrom(0, 24, 36, 60, 100),
    onRepeat: fc.constantFrom('new_instance' as const, 'update_open' as const),
  }),
  { minLength: RULES.length, maxLength: RULES.length },
);

let world: HistoryWorld;
let engine: EvaluationService;
let previews: PreviewService;
let backtests: BacktestService;

beforeAll(async () => {
  world = await HistoryWorld.start([WebhooksModule.register(), EvaluationModule]);
  engine = world.context.module.get(EvaluationService);
  previews = world.context.module.get(PreviewService);
  backtests = world.context.module.get(BacktestService);
});

afterAll(() => world.close());

beforeEach(() => world.begin(NOW));

const rows = <Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> =>
  world.context.database.query<Row>(sql, parameters);

/** Saves a rule of each type. @returns their ids. */
async function saveRules(repeating: readonly Repeat[]): Promise<string[]> {
  const ids: string[] = [];
  for (const [index, rule] of RULES.entries()) {
    const { rule: saved } = await world.context.module
      .get(RulesService)
      .create(
        world.organizationId,
        { name: rule.ruleType, severity: 'high', ...rule, ...repeating[index]! },
        world.actorId,
      );
    ids.push(saved.id);
  }
  return ids;
}

/** Runs a real evaluation. @returns the outcome of each rule by id. */
async function evaluate(): Promise<Map<string, RuleOutcome>> {
  const run = await engine.evaluateOrganization(world.organizationId, null);
  const outcomes = await world.context.module.get(RunStore).outcomesOf(run);
  return new Map(outcomes.map((outcome) => [outcome.rule_id, outcome]));
}

interface AlertRow {
  id: string;
  title: string;
  message: string;
  details: Record<string, unknown>;
  created_at: Date;
  occurrence_count: number;
}

function alertsOf(ruleId: string): Promise<AlertRow[]> {
  return rows('SELECT * FROM alert_instance WHERE organization_id = $1 AND rule_id = $2 ORDER BY created_at, id', [
    world.organizationId,
    ruleId,
  ]);
}

/** All rows that a preview must not change. */
async function written(): Promise<unknown> {
  const tables: unknown[] = [];
  for (const table of [
    'alert_instance',
    'rule_state',
    'evaluation_run',
    'notification',
    'webhook_delivery',
    'posture',
  ]) {
    tables.push(await rows(`SELECT xmin::text, * FROM ${table} ORDER BY 3, 2`));
  }
  return tables;
}

describe('a preview', () => {
  it('has the result of a real evaluation of the same data, for every rule type, saved or not', async () => {
    await fc.assert(
      fc.asyncProperty(moves({ maxWaitMs: 2 * DAY_MS, maxMoves: 8 }), repeats, async (made, repeating) => {
        await world.begin(NOW);
        const ids = await saveRules(repeating);
        for (const move of made) {
          await world.make(move);
          const before = await written();
          const saved: Preview[] = [];
          for (const ruleId of ids) saved.push(await previews.preview(world.organizationId, { ruleId }));
          const fresh: Preview[] = [];
          for (const rule of RULES) fresh.push(await previews.preview(world.organizationId, rule));
          expect(await written()).toEqual(before);

          const outcomes = await evaluate();
          for (const [index, ruleId] of ids.entries()) {
            const outcome = outcomes.get(ruleId)!;
            const preview = saved[index]!;
            expect({ ...preview.finding, rule: 0 }).toEqual({ ...fresh[index]!.finding, rule: 0 });
            expect(preview.outcome).toBe(outcome.outcome);
            if (outcome.outcome === 'cooldown') {
              expect(preview.cooldownUntil! > world.now).toBe(true);
              continue;
            }
            expect(preview.cooldownUntil).toBeNull();
            expect(preview.finding).toMatchObject({ measured: outcome.measured, threshold: outcome.threshold });
            if (outcome.alert_id === null) continue;
            const alert = (await alertsOf(ruleId)).find(({ id }) => id === outcome.alert_id)!;
            const { details, alert: words } = preview.finding!;
            expect({ details: alert.details, title: alert.title, message: alert.message }).toMatchObject({
              details: JSON.parse(JSON.stringify(details)),
              ...words,
            });
          }
        }
      }),
      { numRuns: 8 },
    );
  }, 180_000);

  it('shows the effect of a change to a rule without changing the rule', async () => {
    const [ruleId] = await saveRules(RULES.map(() => ({ cooldownHours: 24, onRepeat: 'new_instance' as const })));
    await world.write([0, 1].map((technique) => ({ technique, fact: { risk_score: 60 } })));
    await evaluate();
    world.context.clock.advanceMs(HOUR_MS);
    const changed = (config: Record<string, number>, more: object = {}): Promise<Preview> =>
      previews.preview(world.organizationId, { ruleId: ruleId!, config, ...more });

    expect(await changed({})).toMatchObject({ outcome: 'cooldown', finding: { measured: 2, breached: true } });
    expect(await changed({}, { cooldownHours: 1 })).toMatchObject({ outcome: 'fired', cooldownUntil: null });
    expect(await changed({ min_count: 3 }, { cooldownHours: 0 })).toMatchObject({
      outcome: 'clear',
      finding: { threshold: 3 },
    });
    expect(await changed({ min_risk_score: 61 }, { cooldownHours: 0 })).toMatchObject({
      outcome: 'clear',
      finding: { measured: 0 },
      rule: { config: { min_risk_score: 61, min_count: 1 } },
    });
    const { rule } = await world.context.module.get(RulesService).get(world.organizationId, ruleId!);
    expect(rule).toMatchObject({ config: RULES[0]!.config, cooldownHours: 24, version: 1 });
  });

  it('shows what an evaluation at an instant of the past found', async () => {
    const [ruleId] = await saveRules(RULES.map(() => ({ cooldownHours: 24, onRepeat: 'new_instance' as const })));
    await world.write([{ technique: 0, fact: { risk_score: 60 } }]);
    world.context.clock.advanceMs(HOUR_MS);
    await evaluate();
    world.context.clock.advanceMs(2 * DAY_MS);
    await world.write([{ technique: 0, fact: { risk_score: 1 } }]);
    const outcome = async (hours: number): Promise<unknown[]> => {
      const at = new Date(NOW.getTime() + hours * HOUR_MS);
      const preview = await previews.preview(world.organizationId, { ruleId: ruleId! }, at);
      return [preview.outcome, preview.finding!.measured];
    };
    expect(await outcome(-1)).toEqual(['clear', 0]);
    expect(await outcome(0.5)).toEqual(['fired', 1]);
    expect(await outcome(2)).toEqual(['cooldown', 1]);
    expect(await outcome(26)).toEqual(['fired', 1]);
    expect(await outcome(49)).toEqual(['clear', 0]);
  });

  it('counts the people that the alert would reach by their preferences, and names the endpoints', async () => {
    const { database } = world.context;
    const admin = await aMember(database, world.organizationId, { role: 'admin' });
    await aMember(database, world.organizationId, { role: 'admin', isActive: false });
    await rows(
      `INSERT INTO notification_preference (organization_id, user_id, min_severity, rule_types, in_app, email, digest_hour, time_zone, digest_due_at, updated_at)
       VALUES ($1, $2, 'high', '{orphan_spike}', true, 'off', 8, 'UTC', $3, $3)`,
      [world.organizationId, admin.userId, NOW],
    );
    const subscribed = await anEndpoint(database, world.organizationId);
    const direct = await anEndpoint(database, world.organizationId, { events: [] });
    await anEndpoint(database, world.organizationId, { isEnabled: false });
    const other = await anEndpoint(database, await world.addOrganization());
    const audienceOf = async (input: object): Promise<unknown> => {
      const { audience } = await previews.preview(world.organizationId, { ruleType: 'orphan_spike', ...input });
      return { ...audience, endpoints: audience.endpoints.map(({ id }) => id).sort() };
    };

    // The red lead of this test has no preferences.
    expect(await audienceOf({ severity: 'high' })).toEqual({
      people: 2,
      inApp: 2,
      byEmail: 0,
      endpoints: [subscribed],
    });
    expect(await audienceOf({ severity: 'medium' })).toMatchObject({ people: 1 });
    expect(await audienceOf({ severity: 'high', ruleType: 'high_risk' })).toMatchObject({ people: 1 });
    expect(await audienceOf({ notifyInApp: false })).toMatchObject({ people: 0, inApp: 0 });
    expect(await audienceOf({ webhookId: direct, notifyWebhook: true })).toMatchObject({
      endpoints: [subscribed, direct].sort(),
    });
    await expect(audienceOf({ webhookId: other, notifyWebhook: true })).rejects.toThrow(
      'webhook_id must be the id of a webhook of this organisation',
    );
  });

  it('does not find rules of other organisations, and refuses invalid fields like a saved rule', async () => {
    const theirs = await aRule(world.context.database, await world.addOrganization());
    const preview = (input: object, at?: Date): Promise<Preview> => previews.preview(world.organizationId, input, at);
    await expect(preview({ ruleId: theirs })).rejects.toMatchObject({ code: 'not_found' });
    await expect(preview({})).rejects.toThrow('rule_type must be given for a new rule');
    await expect(preview({ ruleType: 'moon_phase' })).rejects.toThrow('rule_type must be one of high_risk');
    await expect(preview({ ruleType: 'high_risk', config: { min_count: 0 } })).rejects.toThrow(
      'config.min_count must be a whole number from 1',
    );
    await expect(preview({ ruleType: 'high_risk' }, new Date(NOW.getTime() + 1))).rejects.toThrow(
      'at must not lie in the future',
    );
  });
});

describe('a backtest', () => {
  const run = (input: object, from: Date, to?: Date): Promise<Backtest> =>
    backtests.run(world.organizationId, input, { from, to, step: 'day' });

  it('has the results of real daily evaluations on a moved clock, for every rule type', async () => {
    await fc.assert(
      fc.asyncProperty(moves({ maxWaitMs: 3 * DAY_MS, maxMoves: 10 }), repeats, async (made, repeating) => {
        await world.begin(NOW);
        const ids = await saveRules(repeating);
        const evaluated: Map<string, RuleOutcome>[] = [];
        const waiting = [...made];
        for (let day = 0; waiting.length > 0 || day < 3; day += 1) {
          const morning = new Date(NOW.getTime() + day * DAY_MS);
          for (let move = waiting[0]; move; move = waiting[0]) {
            if (world.now.getTime() + move.waitMs > morning.getTime()) break;
            waiting.shift();
            await world.make(move);
          }
          // The rest of the time until the next change.
          const passedMs = morning.getTime() - world.now.getTime();
          if (waiting[0]) waiting[0] = { ...waiting[0], waitMs: waiting[0].waitMs - passedMs };
          world.context.clock.set(morning);
          evaluated.push(await evaluate());
        }
        for (const [index, ruleId] of ids.entries()) {
          const { points } = await run({ ruleId }, NOW);
          expect(points.map(({ at }) => at)).toEqual(evaluated.map((_, day) => new Date(NOW.getTime() + day * DAY_MS)));
          const lived = evaluated.map((outcomes) => outcomes.get(ruleId)!);
          expect(points.map(({ outcome }) => outcome)).toEqual(lived.map(({ outcome }) => outcome));
          for (const [day, { outcome, measured, threshold }] of lived.entries()) {
            if (outcome !== 'cooldown') expect(points[day]!.finding).toMatchObject({ measured, threshold });
          }

          const alerts = await alertsOf(ruleId);
          const fired = points.filter(({ outcome }) => outcome === 'fired');
          expect(fired.map(({ at }) => at)).toEqual(alerts.map(({ created_at: at }) => at));
          const last = points.findLast(({ outcome }) => outcome === 'fired' || outcome === 'refreshed');
          expect(last?.finding.alert).toEqual(
            alerts.length > 0 ? { title: alerts.at(-1)!.title, message: alerts.at(-1)!.message } : undefined,
          );
          const occurrences = alerts.reduce((sum, { occurrence_count: count }) => sum + count, 0);
          expect(points.filter(({ outcome }) => outcome === 'fired' || outcome === 'refreshed')).toHaveLength(
            occurrences,
          );
          const unsaved = await run({ ...RULES[index]!, ...repeating[index]! }, NOW);
          expect(unsaved.points).toEqual(points);
        }
      }),
      { numRuns: 8 },
    );
  }, 180_000);

  it('follows posture that changes so often that its table is rewritten during the replay', async () => {
    const days = 90;
    for (let day = 1; day <= days; day += 1) {
      // Every other day a change has exactly the instant of a step, and belongs to that step.
      world.context.clock.set(new Date(NOW.getTime() + day * DAY_MS - (day % 2) * HOUR_MS));
      const fact = { risk_score: day % 2 === 0 ? 80 : 20 };
      await world.write([0, 1, 2, 3, 4, 5].slice(0, (day % 6) + 1).map((technique) => ({ technique, fact })));
    }
    world.context.clock.set(new Date(NOW.getTime() + days * DAY_MS));
    const { points, knownSince } = await run({ ruleType: 'high_risk', config: { min_risk_score: 50 } }, NOW);
    expect(knownSince).toEqual(NOW);
    const scores = Array<number>(6).fill(0);
    const expected = [0];
    for (let day = 1; day <= days; day += 1) {
      for (let technique = 0; technique <= day % 6; technique += 1) scores[technique] = day % 2 === 0 ? 80 : 20;
      expected.push(scores.filter((score) => score >= 50).length);
    }
    expect(points.map(({ finding }) => finding.measured)).toEqual(expected);
  });

  it('stores nothing, and reads nothing of other organisations', async () => {
    const other = await world.addOrganization();
    world.context.clock.advanceMs(DAY_MS);
    await world.write([{ technique: 0, fact: { risk_score: 90 } }], other);
    world.context.clock.advanceMs(DAY_MS);
    const before = await written();
    const { points } = await run({ ruleType: 'high_risk' }, NOW);
    expect(points.map(({ finding }) => finding.measured)).toEqual([0, 0, 0]);
    expect(await written()).toEqual(before);
    expect(await rows(`SELECT relname FROM pg_class WHERE relname LIKE 'replay%'`)).toEqual([]);
  });

  it('refuses spans that it cannot replay, with the reason', async () => {
    world.context.clock.advanceMs(2_000 * DAY_MS);
    const later = (days: number): Date => new Date(NOW.getTime() + days * DAY_MS);
    const rule = { ruleType: 'high_risk' };
    await expect(run(rule, NOW, later(2_001))).rejects.toThrow('to must not lie in the future');
    await expect(run(rule, later(1), later(1))).rejects.toThrow('from must lie before to');
    await expect(run(rule, NOW)).rejects.toThrow(
      'step makes 2001 points of this time, and at most 1100 are allowed: choose a longer step or a shorter time',
    );
  });

  it('refuses some of many concurrent backtests, so that others have connections', async () => {
    world.context.clock.advanceMs(300 * DAY_MS);
    const settled = await Promise.allSettled(Array.from({ length: 5 }, () => run({ ruleType: 'high_risk' }, NOW)));
    const refused = settled.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(3);
    for (const result of refused) expect(result).toMatchObject({ reason: { code: 'unavailable' } });
    expect((await run({ ruleType: 'high_risk' }, NOW)).points).toHaveLength(301);
  });
});
