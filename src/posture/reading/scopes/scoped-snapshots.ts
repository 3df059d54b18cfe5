import { asOf, VERSIONED_POSTURE } from '../as-of-sql.js';
import { inScope, type PostureRelations } from '../posture-reader.js';
import { IS_WITHIN, withinAt } from './scope-sql.js';

/** A rule compares two snapshots, so only the newest two are counted. */
const SNAPSHOTS_COMPARED = 2;

const SNAPSHOT_STATUSES = ['validated', 'partial', 'in_progress', 'not_covered', 'not_evaluated'] as const;

/**
 * The newest snapshots restricted to a scope (roll-up `flat`), counted from the posture at the instant of each. If the
 * catalogue changed between them, the newer gets a baseline. Imported snapshots have no posture and are left out, and
 * so are those without a technique within the scope. Counts of tactics are null.
 * @param today the newest day of snapshots to count, so that one from a clock that was ahead takes no place; null: all.
 */
export function scopedSnapshots(
  scopes: string,
  { snapshot, technique, statusesBetween }: PostureRelations,
  today: string | null,
): string {
  const count = (status: string): string => `count(*) FILTER (WHERE p.status_global = '${status}')`;
  const statuses = statusesBetween({
    organizationId: 's.organization_id',
    from: 'taken.older_taken_at',
    until: 'taken.taken_at',
    isRestated: 'true',
  });
  return `
        SELECT s.rule_id, taken.snapshot_date, (100 * c.validated + 50 * c.partial)::double precision / c.total, c.total::integer, c.validated::integer,
          c.partial::integer, c.in_progress::integer, c.not_covered::integer, c.not_evaluated::integer, taken.source, 'flat', taken.formula_version, NULL::jsonb,
          taken.attack_versions, NULL::jsonb, taken.taken_at, b.baseline_pct, CASE WHEN b.baseline_pct IS NOT NULL THEN taken.older_date END, NULL::jsonb
        FROM ${scopes}
        CROSS JOIN LATERAL (
          SELECT n.snapshot_date, n.taken_at, n.source, n.formula_version, n.attack_versions, lead(n.snapshot_date) OVER newest AS older_date,
            lead(n.taken_at) OVER newest AS older_taken_at, lead(n.attack_versions) OVER newest AS older_versions
          FROM ${snapshot} n WHERE n.organization_id = s.organization_id AND n.source <> 'historical' AND n.taken_at IS NOT NULL${today === null ? '' : ` AND n.snapshot_date <= '${today}'`}
          WINDOW newest AS (ORDER BY n.snapshot_date DESC) ORDER BY n.snapshot_date DESC LIMIT ${SNAPSHOTS_COMPARED}
        ) taken
        CROSS JOIN LATERAL (
          SELECT nullif(count(*), 0) AS total, ${SNAPSHOT_STATUSES.map((status) => `${count(status)} AS ${status}`).join(', ')}
          FROM ${asOf(VERSIONED_POSTURE, 'taken.taken_at')} p JOIN ${technique} t ON t.id = p.technique_id
          WHERE p.organization_id = s.organization_id AND ${inScope('p')} AND ${IS_WITHIN}
        ) c
        CROSS JOIN LATERAL (
          SELECT (100 * count(*) FILTER (WHERE n.before = 'validated') + 50 * count(*) FILTER (WHERE n.before = 'partial'))::double precision
            / nullif(count(*), 0) AS baseline_pct
          FROM ${statuses} n CROSS JOIN LATERAL ${withinAt(technique, { is_within: 'taken.taken_at' })} w
          WHERE ${CATALOGUE_MOVED} AND n.before <> 'not_applicable' AND w.is_within
        ) b
        WHERE c.total IS NOT NULL`;
}

/**
 * Whether the catalogue changed between a snapshot `taken` and the one before it, as for baselines of whole
 * organisations.
 */
const CATALOGUE_MOVED = `(taken.older_taken_at IS NOT NULL AND (taken.older_versions IS DISTINCT FROM taken.attack_versions OR EXISTS (
            SELECT FROM catalogue_import i WHERE (i.created_at > taken.older_taken_at AND i.created_at <= taken.taken_at)
              OR (i.undone_at > taken.older_taken_at AND i.undone_at <= taken.taken_at)
          )))`;
