import { postureAsOf } from './as-of-sql.js';

/** SQL expressions of an organisation and of two instants, which may use columns of relations to their left. */
interface RestatedSpan {
  organizationId: string;
  from: string;
  until: string;
}

export interface StatusesSpan extends RestatedSpan {
  /** SQL condition: compare with the older statuses restated on the newer catalogue, not as they were counted then. */
  isRestated: string;
}

/**
 * A sub-select `technique_id, status_global` of the techniques in force now: their statuses at `from`, restated on the
 * catalogue of `until`. A technique that inherited posture through a release takes the older status of the technique it
 * replaces; an undone release takes that away. A technique added since is not evaluated. If the history does not reach
 * back to `from`, the first known status counts (ADR 0011).
 */
export function restatedStatuses(span: RestatedSpan): string {
  return selectRestated(span, 'posture', `c.technique_id, ${STATUS} AS status_global`);
}

/**
 * A sub-select `organization_id, technique_id, before, after, tactics` of the techniques in force at `until`: their
 * restated statuses at `from` (see {@link restatedStatuses}) and their statuses at `until`. Without a scope, `tactics`
 * is null.
 */
export function statusesBetween(span: StatusesSpan): string {
  const columns = `c.organization_id, c.technique_id, ${STATUS} AS before, c.status_global AS after, NULL::text[] AS tactics`;
  return selectRestated(span, postureAsOf(span.until), columns);
}

/** The restated status, from the relations in {@link selectRestated}. */
const STATUS = `CASE WHEN taken_away.technique_id IS NOT NULL THEN 'not_evaluated' ELSE coalesce(v.status_global, first.status_global, 'not_evaluated') END`;

/** @param posture SQL of the relation `c` of posture rows; those in force are selected. */
function selectRestated({ organizationId, from, until }: RestatedSpan, posture: string, columns: string): string {
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
    FROM ${posture} c
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
