import type { LoggerService } from '@nestjs/common';
import { EvaluationModule, EvaluationTicker } from '../../src/evaluation/index.js';
import { Metrics } from '../../src/metrics/index.js';
import { WebhooksModule } from '../../src/webhooks/index.js';
import { aRule } from '../support/engine-factories.js';
import { Exposition } from '../support/exposition.js';
import { anOrganization, aTechnique } from '../support/factories.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NEXT_YEAR = new Date('2027-03-10T12:00:00.000Z');

let context: TestContext;
let ticker: EvaluationTicker;
let organizationId: string;
let warnings: string[];

beforeEach(async () => {
  context = await startTestModule([WebhooksModule.register(), EvaluationModule]);
  warnings = [];
  const ignore = (): void => undefined;
  const logger: LoggerService = { log: ignore, error: ignore, warn: (message) => void warnings.push(String(message)) };
  context.module.useLogger(logger);
  ticker = context.module.get(EvaluationTicker);
  organizationId = await anOrganization(context.database);
  await aTechnique(context.database, { attackId: 'T1059' });
});

afterEach(() => context.close());

async function tickAfter(ms: number): Promise<void> {
  context.clock.advanceMs(ms);
  await ticker.tick();
}

const corrections = async (kind: string): Promise<number> =>
  new Exposition((await context.module.get(Metrics).expose()).text).value('vedette_clock_corrections_total', {
    kind,
  }) ?? 0;

async function outcomes(): Promise<string[]> {
  const runs = await context.database.query<{ outcomes: { outcome: string }[] }>(
    'SELECT outcomes FROM evaluation_run ORDER BY started_at, id',
  );
  return runs.flatMap((run) => run.outcomes.map(({ outcome }) => outcome));
}

const warningsOf = (words: string): string[] => warnings.filter((line) => line.includes(words));

it('a rule that seems to have fired in the future is silent for one cooldown from now', async () => {
  const ruleId = await aRule(context.database, organizationId, { cooldownHours: 24, lastFiredAt: NEXT_YEAR });
  await ticker.start();
  await tickAfter(5 * MINUTE_MS);

  expect(await context.database.query('SELECT last_fired_at FROM rule_state WHERE rule_id = $1', [ruleId])).toEqual([
    { last_fired_at: NOW },
  ]);
  expect(await corrections('last_fired')).toBe(1);
  expect(warningsOf('1 last firing of a rule')).toHaveLength(1);
  context.clock.set(new Date(NOW.getTime() + 24 * HOUR_MS - 1));
  await ticker.tick();
  expect(await outcomes()).toEqual(['cooldown', 'cooldown', 'cooldown']);
  await tickAfter(10 * MINUTE_MS);
  expect((await outcomes()).at(-1)).toBe('fired');
});

it('a rule that fired by a clock a second ahead stays in its cooldown, without a warning', async () => {
  await aRule(context.database, organizationId, { lastFiredAt: new Date(NOW.getTime() + 1_000) });
  await ticker.start();

  expect(await outcomes()).toEqual(['cooldown']);
  expect(await corrections('last_fired')).toBe(0);
  expect(warnings).toEqual([]);
});

it.each([
  ['evaluated and due next year', undefined, NEXT_YEAR, NEXT_YEAR],
  ['due next year', undefined, null, NEXT_YEAR],
  ['due next year, though evaluated just now', undefined, NOW, NEXT_YEAR],
  ['evaluated next year, with an interval of its own', 60, NEXT_YEAR, new Date(NEXT_YEAR.getTime() + HOUR_MS)],
  ['due later than its interval', 60, NOW, new Date(NOW.getTime() + 2 * HOUR_MS)],
])('a schedule that is %s is due now', async (_, interval, lastEvaluatedAt, nextEvaluationAt) => {
  await aRule(context.database, organizationId, { evaluationIntervalMinutes: interval });
  await ticker.start();
  await context.database.query('UPDATE rule_schedule SET last_evaluated_at = $1, next_evaluation_at = $2', [
    lastEvaluatedAt,
    nextEvaluationAt,
  ]);
  await tickAfter(MINUTE_MS);

  expect(await outcomes()).toEqual(['fired', 'cooldown']);
  const [schedule] = await context.database.query<{ last_evaluated_at: Date; next_evaluation_at: Date }>(
    'SELECT last_evaluated_at, next_evaluation_at FROM rule_schedule',
  );
  expect(schedule!.last_evaluated_at).toEqual(context.clock.now());
  expect(schedule!.next_evaluation_at.getTime()).toBeLessThanOrEqual(context.clock.now().getTime() + HOUR_MS);
  await tickAfter(MINUTE_MS);
  expect(await corrections('schedule')).toBe(1);
  expect(warningsOf('1 evaluation schedule')).toHaveLength(1);
});

it('a schedule that is due at its ordinary time is left alone', async () => {
  await aRule(context.database, organizationId);
  await aRule(context.database, organizationId, { evaluationIntervalMinutes: 10_080 });
  await ticker.start();
  for (let minute = 0; minute < 4; minute += 1) await tickAfter(MINUTE_MS);

  expect(await outcomes()).toHaveLength(2);
  expect(await corrections('schedule')).toBe(0);
  expect(warnings).toEqual([]);
});

it('a posture change that a clock that was ahead marked is evaluated now', async () => {
  await aRule(context.database, organizationId);
  await ticker.start();
  await context.database.query(
    `INSERT INTO posture_change (organization_id, kinds, first_changed_at, due_at) VALUES ($1, '{posture}', $2, $2)`,
    [organizationId, NEXT_YEAR],
  );
  await tickAfter(MINUTE_MS);

  expect(await outcomes()).toHaveLength(2);
  expect(await corrections('posture_change')).toBe(1);
  expect(warningsOf('1 posture change')).toHaveLength(1);
});
