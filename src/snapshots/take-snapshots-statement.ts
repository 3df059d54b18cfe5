import { restatedStatuses } from '../posture/index.js';
import { rolledUpSql } from './roll-up/roll-up-sql.js';
import { FORMULA_VERSION } from './roll-up/roll-up.js';

const COLUMNS = [
  'organization_id',
  'snapshot_date',
  'coverage_pct',
  'total',
  'validated',
  'partial',
  'in_progress',
  'not_covered',
  'not_evaluated',
  'source',
  'created_at',
  'updated_at',
  'valid_from',
  'rollup',
  'formula_version',
  'scope',
  'attack_versions',
  'tactics',
  'taken_at',
  'baseline_pct',
  'baseline_date',
  'baseline_tactics',
];

/** The columns that a replacement overwrites. It keeps the key and `created_at`, and sets `valid_from` separately. */
const REPLACED = COLUMNS.filter(
  (column) => !['organization_id', 'snapshot_date', 'created_at', 'valid_from'].includes(column),
);

/** Replaces the row of the day, whatever its source. A trigger moves the old version to the history. */
export const REPLACE_ON_CONFLICT = `
  ON CONFLICT (organization_id, snapshot_date) DO UPDATE SET ${REPLACED.map((column) => `${column} = excluded.${column}`).join(', ')},
    version = s.version + 1, valid_from = excluded.updated_at`;

/**
 * Takes the snapshots of a day from the current posture, for every organisation with a technique in scope, in one
 * statement. Parameters: the day, the source, the instant and, for one organisation only, its id.
 *
 * The baseline is the previous comparable snapshot, restated on today's catalogue. It is stored only if the catalogue
 * changed since that snapshot (ADR 0011).
 */
export function takeSnapshotsStatement(isForOne: boolean): string {
  return `
    WITH loaded AS (
      SELECT coalesce(jsonb_object_agg(domain, attack_version), '{}') AS attack_versions FROM (
        SELECT DISTINCT ON (domain) domain, attack_version FROM catalogue_import WHERE undone_at IS NULL ORDER BY domain, created_at DESC, id DESC
      ) newest
    ), policy AS MATERIALIZED (
      SELECT o.id AS organization_id, coalesce(p.rollup, 'flat') AS rollup, p.scope
      FROM organization o LEFT JOIN snapshot_policy p ON p.organization_id = o.id ${isForOne ? 'WHERE o.id = $4' : ''}
    ), moved AS MATERIALIZED (
      SELECT p.organization_id, s.snapshot_date, s.taken_at FROM policy p CROSS JOIN loaded CROSS JOIN LATERAL (
        SELECT s.snapshot_date, s.taken_at, s.attack_versions FROM posture_snapshot s
        WHERE s.organization_id = p.organization_id AND s.snapshot_date < $1::date AND ${isComparable('s', 'p')} ORDER BY s.snapshot_date DESC LIMIT 1
      ) s
      WHERE s.taken_at IS NOT NULL AND (s.attack_versions IS DISTINCT FROM loaded.attack_versions
        OR EXISTS (SELECT FROM catalogue_import i WHERE i.created_at > s.taken_at OR i.undone_at > s.taken_at))
    ), statuses AS (
      SELECT p.organization_id, 'current' AS side, p.technique_id, p.status_global FROM posture p JOIN policy USING (organization_id) WHERE p.in_force
      UNION ALL
      SELECT m.organization_id, 'baseline', b.technique_id, b.status_global
      FROM moved m CROSS JOIN LATERAL ${restatedStatuses({ organizationId: 'm.organization_id', from: 'm.taken_at', until: '$3::timestamptz' })} b
    ), ${rolledUpSql('statuses', 'policy')}
    INSERT INTO posture_snapshot AS s (${COLUMNS.join(', ')})
    SELECT c.organization_id, $1::date, c.coverage_pct, c.total, c.validated, c.partial, c.in_progress, c.not_covered, c.not_evaluated, $2,
      $3::timestamptz, $3::timestamptz, $3::timestamptz, p.rollup, ${FORMULA_VERSION}, p.scope, loaded.attack_versions, c.tactics, $3::timestamptz,
      b.coverage_pct, CASE WHEN b.coverage_pct IS NOT NULL THEN m.snapshot_date END, b.tactics
    FROM rolled_up c JOIN policy p USING (organization_id) CROSS JOIN loaded
    LEFT JOIN moved m ON m.organization_id = c.organization_id
    LEFT JOIN rolled_up b ON b.organization_id = c.organization_id AND b.side = 'baseline'
    WHERE c.side = 'current'
    ORDER BY c.organization_id
    ${REPLACE_ON_CONFLICT}
    RETURNING s.organization_id AS "organizationId"`;
}

/** SQL condition that a snapshot was counted with a policy. */
function isComparable(snapshot: string, policy: string): string {
  return `${snapshot}.rollup = ${policy}.rollup AND ${snapshot}.formula_version = ${FORMULA_VERSION} AND ${snapshot}.scope IS NOT DISTINCT FROM ${policy}.scope`;
}
