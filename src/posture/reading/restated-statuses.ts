import { postureAsOf } from './as-of-sql.js';

/** SQL expressions: of an organisation, and of the instants of an older and of a newer catalogue. Columns of what stands to the left may be named. */
interface Footing {
  organizationId: string;
  from: string;
  until: string;
}

/** SQL expressions again. */
export interface StatusesSpan extends Footing {
  /** A condition that what is compared at `from` is what stands on the footing of `until`, and not what was counted then. */
  isRestated: string;
}

/**
 * A sub-select `technique_id, status_global` of the techniques that are in force now: the statuses that stood at `from`, as they stand on the catalogue of `until`.
 * Where a release that was loaded in between gave a technique the posture of one that it replaces, that one's status is taken, over any number of releases; where
 * such a release was undone in between, what it had given is taken away. A technique that a release added since is not evaluated; of one whose history does not reach
 * back, what is first known of it is taken. So whoever changed no status finds the same statuses here as at `until`, whatever releases did.
 */
export function statusesOnFooting(footing: Footing): string {
  return onFooting(footing, 'posture', `c.technique_id, ${STATUS} AS status_global`);
}

/**
 * A sub-select `organization_id, technique_id, before, after, tactics` of the techniques that were in force at `until`: the statuses that stood at `from`, by
 * {@link statusesOnFooting}, and those that stood at `until`. No scope limits them to any tactics.
 */
export function statusesBetween(span: StatusesSpan): string {
  const columns = `c.organization_id, c.technique_id, ${STATUS} AS before, c.status_global AS after, NULL::text[] AS tactics`;
  return onFooting(span, postureAsOf(span.until), columns);
}

/** The status on the footing, in what {@link onFooting} selects from. */
const STATUS = `CASE WHEN taken_away.technique_id IS NOT NULL THEN 'not_evaluated' ELSE coalesce(v.status_global, first.status_global, 'not_evaluated') END`;

/** @param standing SQL of the relation `c` of posture, whose techniques in force there is a row of. */
function onFooting({ organizationId, from, until }: Footing, standing: string, columns: string): string {
  const carried = `k.organization_id = ${organizationId} AND k.carried_at > ${from} AND k.carried_at <= ${until} AND (k.put_back_at IS NULL OR k.put_back_at > ${until})`;
  return `(
    WITH RECURSIVE origin AS (
      SELECT k.technique_id, k.from_technique_id AS origin_id, k.carried_at FROM posture_carry_over k WHERE ${carried}
      UNION ALL
      SELECT o.technique_id, k.from_technique_id, k.carried_at FROM origin o
      JOIN posture_carry_over k ON k.technique_id = o.origin_id AND k.carried_at < o.carried_at WHERE ${carried}
    ), first_origin AS (
      SELECT DISTINCT ON (technique_id) technique_id, origin_id FROM origin ORDER BY technique_id, carried_at
    )
    SELECT ${columns}
    FROM ${standing} c
    LEFT JOIN first_origin f ON f.technique_id = c.technique_id
    LEFT JOIN posture q ON q.organization_id = c.organization_id AND q.technique_id = coalesce(f.origin_id, c.technique_id)
    LEFT JOIN LATERAL (
      SELECT q.status_global WHERE q.valid_from <= ${from}
      UNION ALL (
        SELECT h.status_global FROM posture_history h
        WHERE h.organization_id = q.organization_id AND h.technique_id = q.technique_id AND h.valid_from <= ${from} AND q.valid_from > ${from}
        ORDER BY h.valid_from DESC, h.version DESC LIMIT 1
      )
    ) v ON true
    LEFT JOIN LATERAL (
      SELECT e.status_global FROM (
        SELECT e.* FROM (
          SELECT q.status_global, q.valid_from, q.version, q.change_source WHERE v.status_global IS NULL
          UNION ALL
          SELECT h.status_global, h.valid_from, h.version, h.change_source FROM posture_history h
          WHERE v.status_global IS NULL AND h.organization_id = q.organization_id AND h.technique_id = q.technique_id
        ) e
        ORDER BY e.valid_from, e.version LIMIT 1
      ) e
      WHERE NOT (e.version = 1 AND e.change_source = 'catalogue')
    ) first ON true
    LEFT JOIN (
      SELECT DISTINCT k.technique_id FROM posture_carry_over k
      WHERE k.organization_id = ${organizationId} AND k.carried_at <= ${from} AND k.put_back_at > ${from} AND k.put_back_at <= ${until}
    ) taken_away ON taken_away.technique_id = c.technique_id
    WHERE c.organization_id = ${organizationId} AND c.in_force
  )`;
}
