import { decodeCursor } from '../../src/common/pagination/index.js';
import { EvaluationModule, EvaluationService } from '../../src/evaluation/index.js';
import { MeasurementsService } from '../../src/evaluation/measurements/measurements.service.js';
import { RetentionModule, RetentionService } from '../../src/retention/index.js';
import { RulesService } from '../../src/rules/index.js';
import { WebhooksModule } from '../../src/webhooks/index.js';
import { aRule, type RuleFacts } from '../support/engine-factories.js';
import { DAY_MS, HistoryWorld, HOUR_MS } from '../support/history-world.js';
import { NOW } from '../support/test-module.js';

let world: HistoryWorld;
let engine: EvaluationService;
let measurements: MeasurementsService;

beforeAll(async () => {
  world = await HistoryWorld.start([WebhooksModule.register(), EvaluationModule, RetentionModule]);
  engine = world.context.module.get(EvaluationService);
  measurements = world.context.module.get(MeasurementsService);
});

afterAll(() => world.close());

beforeEach(() => world.begin(NOW));

const rows = <Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> =>
  world.context.database.query<Row>(sql, parameters);

/** Creates a `high_risk` rule without cooldown. */
const riskRule = (facts: RuleFacts = {}): Promise<string> =>
  aRule(world.context.database, world.organizationId, {
    ruleType: 'high_risk',
    config: { min_risk_score: 50, min_count: 2 },
    cooldownHours: 0,
    ...facts,
  });

async function listed(ruleId: string, span: { from?: Date; to?: Date } = {}): Promise<unknown[]> {
  const { items } = await measurements.list(world.organizationId, ruleId, span, { limit: 50 });
  return items.map(({ measuredAt, measured, threshold, breached }) => [
    (measuredAt.getTime() - NOW.getTime()) / HOUR_MS,
    measured,
    threshold,
    breached,
  ]);
}

/** Evaluates due rules one hour later. */
async function tick(): Promise<void> {
  world.context.clock.advanceMs(HOUR_MS);
  await engine.evaluateDue();
}

const risk = (technique: number, score: number): Promise<unknown> =>
  world.write([{ technique, fact: { risk_score: score } }]);

it('stores a measurement if the value or the threshold changes, and lists newest first', async () => {
  const ruleId = await riskRule();
  await tick();
  await tick();
  await risk(0, 60);
  await tick();
  await risk(1, 60);
  await tick();
  await tick();
  await world.context.module.get(RulesService).change(world.organizationId, ruleId, { config: { min_count: 3 } });
  await tick();
  expect(await listed(ruleId)).toEqual([
    [6, 2, 3, false],
    [4, 2, 2, true],
    [3, 1, 2, false],
    [1, 0, 2, false],
  ]);
  const hour = (hours: number): Date => new Date(NOW.getTime() + hours * HOUR_MS);
  expect(await listed(ruleId, { from: hour(3), to: hour(4) })).toHaveLength(2);
  await expect(listed(ruleId, { from: hour(4), to: hour(3) })).rejects.toThrow('from must not lie after to');
});

it('writes no rows in a pass if nothing changed', async () => {
  const ruleId = await riskRule();
  await tick();
  const state = (): Promise<unknown[]> =>
    rows('SELECT xmin::text, ctid::text FROM rule_state WHERE rule_id = $1', [ruleId]);
  const before = await state();
  await tick();
  await tick();
  expect(await state()).toEqual(before);
  expect(await listed(ruleId)).toHaveLength(1);
});

it('stores null if there is nothing to measure, and no measurement of a rule in cooldown or with an error', async () => {
  const comparing = await riskRule({ ruleType: 'coverage_regression', config: { min_drop_pct: 5 } });
  const inCooldown = await riskRule({ lastFiredAt: NOW, cooldownHours: 24 });
  const broken = await riskRule({ config: { min_count: -1 } });
  await tick();
  await tick();
  expect(await listed(comparing)).toEqual([[1, null, 5, false]]);
  expect(await listed(inCooldown)).toEqual([]);
  expect(await listed(broken)).toEqual([]);
});

it('stores measurements of requested passes and of passes after a change, one for each instant', async () => {
  const ruleId = await riskRule();
  await engine.evaluateOrganization(world.organizationId, null);
  await risk(0, 60);
  await engine.evaluateOrganization(world.organizationId, null);
  expect(await listed(ruleId)).toEqual([[0, 1, 2, false]]);
  await risk(1, 60);
  world.context.clock.advanceMs(HOUR_MS);
  await engine.evaluateChanged();
  expect(await listed(ruleId)).toEqual([
    [1, 2, 2, true],
    [0, 1, 2, false],
  ]);
});

it('lists in pages, hides measurements from other organisations, and deletes them with their rule', async () => {
  const ruleId = await riskRule();
  for (let count = 1; count <= 5; count += 1) {
    await risk(count, 60);
    await tick();
  }
  const seen: unknown[] = [];
  let cursor: string | null = null;
  do {
    const page = await measurements.list(
      world.organizationId,
      ruleId,
      {},
      { limit: 2, ...(cursor === null ? {} : { cursor: decodeCursor(cursor) }) },
    );
    expect(page.total).toBe(5);
    seen.push(...page.items.map(({ measured }) => measured));
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(seen).toEqual([5, 4, 3, 2, 1]);

  await expect(measurements.list(await world.addOrganization(), ruleId, {}, { limit: 2 })).rejects.toMatchObject({
    code: 'not_found',
  });
  await world.context.module.get(RulesService).delete(world.organizationId, ruleId);
  expect(await rows('SELECT FROM rule_measurement')).toEqual([]);
});

it('removes old measurements, except the latest one of each rule', async () => {
  const ruleId = await riskRule();
  await tick();
  await risk(0, 60);
  await tick();
  world.context.clock.advanceMs(31 * DAY_MS);
  await world.context.module.get(RetentionService).removeExpired();
  expect(await listed(ruleId)).toEqual([[2, 1, 2, false]]);
});
