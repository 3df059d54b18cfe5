import { PostureSnapshot } from '../../dist/src/snapshots/posture-snapshot.entity.js';
import { Posture } from '../../dist/src/posture/writes/posture.entity.js';
import { RevalidationItem } from '../../dist/src/revalidation/queue/revalidation-item.entity.js';

const DAY_MS = 86_400_000;

/**
 * Compared with the evaluators: loads all rows of an organisation once, and counts them for all of its rules.
 * @returns the measured value of each rule, by rule id.
 */
export async function countInJavaScript(client, organizationId) {
  const load = async (text) => (await client.query(text, [organizationId])).rows;
  const rules = await load('SELECT id, rule_type, config FROM alert_rule WHERE organization_id = $1');
  const posture = await load(
    `SELECT p.technique_id, t.attack_id, p.status_global, p.last_review_date, p.risk_score, p.owner_id, p.in_force, p.mitre_last_modified
     FROM posture p JOIN technique t ON t.id = p.technique_id WHERE p.organization_id = $1`,
  );
  const queue = await load('SELECT technique_id, status FROM revalidation_item WHERE organization_id = $1');
  const snapshots = await load(
    'SELECT coverage_pct FROM posture_snapshot WHERE organization_id = $1 ORDER BY snapshot_date',
  );
  const facts = { inScope: inScopeOf(posture), queue, snapshots, now: Date.now() };
  return new Map(rules.map(({ id, rule_type: type, config }) => [id, COUNTERS[type](facts, config)]));
}

/**
 * Compared with the evaluators: each rule loads the entities that it counts through the ORM.
 * @returns the measured value of each rule, by rule id.
 */
export async function countEntities(dataSource, rules) {
  const measured = new Map();
  for (const { id, organization_id: organizationId, rule_type: type, config } of rules) {
    const load = (entity, options) => dataSource.getRepository(entity).find({ where: { organizationId }, ...options });
    const snapshots =
      type === 'coverage_regression' ? await load(PostureSnapshot, { order: { snapshotDate: 'ASC' } }) : [];
    const queue = type === 'expiry_wave' ? await load(RevalidationItem) : [];
    const posture = type === 'coverage_regression' ? [] : await load(Posture);
    const facts = {
      inScope: inScopeOf(posture.map(snakeCase)),
      queue: queue.map(snakeCase),
      snapshots: snapshots.map(snakeCase),
      now: Date.now(),
    };
    measured.set(id, COUNTERS[type](facts, config));
  }
  return measured;
}

/** @returns the fields of an entity that the counters read. */
function snakeCase(row) {
  return {
    technique_id: row.techniqueId,
    status: row.status,
    status_global: row.statusGlobal,
    last_review_date: row.lastReviewDate,
    risk_score: row.riskScore,
    owner_id: row.ownerId,
    in_force: row.inForce,
    mitre_last_modified: row.mitreLastModified,
    coverage_pct: row.coveragePct,
  };
}

function inScopeOf(posture) {
  return posture.filter((row) => row.in_force && row.status_global !== 'not_applicable');
}

const count = (rows, condition) => rows.filter(condition).length;

const COUNTERS = {
  high_risk: ({ inScope }, { min_risk_score }) =>
    count(inScope, (row) => row.risk_score !== null && row.risk_score >= min_risk_score),
  stale_technique: ({ inScope, now }, { days_stale }) =>
    count(
      inScope,
      (row) =>
        row.status_global === 'validated' &&
        row.last_review_date !== null &&
        row.last_review_date.getTime() < now - days_stale * DAY_MS,
    ),
  coverage_regression: ({ snapshots }) => snapshots.at(-2).coverage_pct - snapshots.at(-1).coverage_pct,
  low_coverage: ({ inScope }) =>
    (100 * count(inScope, (row) => row.status_global === 'validated') +
      50 * count(inScope, (row) => row.status_global === 'partial')) /
    inScope.length,
  expiry_wave: ({ inScope, queue }) => {
    const techniques = new Set(inScope.map((row) => row.technique_id));
    return count(
      queue,
      (item) => ['pending', 'in_progress'].includes(item.status) && techniques.has(item.technique_id),
    );
  },
  new_technique: ({ inScope, now }, { lookback_days }) =>
    count(inScope, (row) => row.mitre_last_modified.getTime() >= now - lookback_days * DAY_MS),
  orphan_spike: ({ inScope }) => count(inScope, (row) => row.owner_id === null),
};
