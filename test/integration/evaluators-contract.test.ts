import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { CATALOGUE_SIZE, describeEvaluatorContract, type EvaluatorFixture } from '../support/evaluator-contract.js';
import { daysBefore, EvaluatorWorld, hoursBefore, msAfter } from '../support/evaluator-world.js';
import { aFall, aMember, aQueueItem, aTakenSnapshot } from '../support/factories.js';
import { NOW } from '../support/test-module.js';

let world: EvaluatorWorld;

beforeAll(async () => {
  world = await EvaluatorWorld.start(CATALOGUE_SIZE);
});

afterAll(() => world.close());

/** The first techniques of the catalogue: three breach a rule with the threshold three, two are one short of it. */
function some(level: 'breaching' | 'short'): string[] {
  return ['T1001', 'T1002', 'T1003'].slice(0, level === 'breaching' ? 3 : 2);
}

const fixtures: EvaluatorFixture[] = [
  {
    type: 'high_risk',
    config: { min_risk_score: 62.5, min_count: 3 },
    stricterConfig: { min_risk_score: 62.5, min_count: 4 },
    measured: 3,
    detailsKeys: ['count', 'threshold', 'top_ids', 'top_scores'],
    readsPosture: true,
    arrange: async (on, organizationId, level) => {
      for (const id of some(level)) await on.posture(organizationId, id, { riskScore: 62.5 });
    },
  },
  {
    type: 'stale_technique',
    config: { days_stale: 30, min_count: 3 },
    stricterConfig: { days_stale: 30, min_count: 4 },
    measured: 3,
    detailsKeys: ['count', 'days_stale', 'example_ids'],
    readsPosture: true,
    arrange: async (on, organizationId, level) => {
      const lastReviewDate = msAfter(daysBefore(NOW, 30), -1);
      for (const id of some(level)) await on.posture(organizationId, id, { statusGlobal: 'validated', lastReviewDate });
    },
  },
  {
    type: 'coverage_regression',
    config: { min_drop_pct: 5 },
    stricterConfig: { min_drop_pct: 5.01 },
    measured: 5,
    detailsKeys: ['previous_pct', 'current_pct', 'drop_pct', 'previous_date', 'current_date'],
    readsPosture: false,
    arrange: async (on, organizationId, level) => {
      const now = level === 'breaching' ? 48.69 : 48.7;
      await aTakenSnapshot(on.database, organizationId, daysBefore(NOW, 1), 53.69);
      await aTakenSnapshot(on.database, organizationId, NOW, now);
      await aFall(on.database, organizationId, on.technique('T1001'), hoursBefore(NOW, 2));
    },
  },
  {
    type: 'low_coverage',
    config: { max_coverage_pct: 25 },
    stricterConfig: { max_coverage_pct: 24.99 },
    measured: 25,
    detailsKeys: ['coverage_pct', 'threshold', 'validated', 'partial', 'total'],
    readsPosture: true,
    arrange: async (on, organizationId, level) => {
      await on.posture(organizationId, 'T1001', { statusGlobal: 'validated' });
      await on.posture(organizationId, 'T1002', { statusGlobal: 'validated' });
      await on.posture(organizationId, 'T1003', { statusGlobal: level === 'breaching' ? 'partial' : 'validated' });
    },
  },
  {
    type: 'expiry_wave',
    config: { min_pending_count: 3 },
    stricterConfig: { min_pending_count: 4 },
    measured: 3,
    detailsKeys: ['pending_count', 'threshold'],
    readsPosture: true,
    arrange: async (on, organizationId, level) => {
      for (const id of some(level)) await aQueueItem(on.database, organizationId, on.technique(id));
    },
  },
  {
    type: 'new_technique',
    config: { lookback_days: 7, min_count: 3 },
    stricterConfig: { lookback_days: 7, min_count: 4 },
    measured: 3,
    detailsKeys: ['count', 'lookback_days', 'technique_ids', 'mitre_ids'],
    readsPosture: true,
    arrange: async (on, organizationId, level) => {
      for (const id of some(level)) await on.posture(organizationId, id, { mitreLastModified: daysBefore(NOW, 7) });
    },
  },
  {
    type: 'orphan_spike',
    config: { min_orphan_count: 3 },
    stricterConfig: { min_orphan_count: 4 },
    measured: 3,
    detailsKeys: ['orphan_count', 'total', 'threshold'],
    readsPosture: true,
    arrange: async (on, organizationId, level) => {
      const { userId } = await aMember(on.database, organizationId);
      await on.database.query(
        'UPDATE posture SET owner_id = $2 WHERE organization_id = $1 AND technique_id <> ALL ($3::uuid[])',
        [organizationId, userId, [...some(level), 'T1011'].map((id) => on.technique(id))],
      );
    },
  },
];

for (const fixture of fixtures) describeEvaluatorContract(fixture, () => world);

it('every registered rule type passes the contract', () => {
  expect(world.registry.definitions().map(({ type }) => type)).toEqual(fixtures.map(({ type }) => type));
});
