/** SQL expressions, which may use columns of relations to their left. */
interface StatusSpan {
  organizationId: string;
  techniqueId: string;
  from: string;
  until: string;
  /** The status after the change. */
  status: string;
}

/**
 * A sub-select `change_source, changed_by, changed_at` with at most one row: the newest change after `from` and up to
 * `until` that gave the technique the status. `changed_by` is the user or API key; null if neither made it.
 */
export function statusChange({ organizationId, techniqueId, from, until, status }: StatusSpan): string {
  const ofTechnique = `v.organization_id = ${organizationId} AND v.technique_id = ${techniqueId}`;
  const columns = 'v.status_global, v.valid_from, v.version, v.change_source';
  return `(
    SELECT change_source, changed_by, valid_from AS changed_at FROM (
      SELECT w.*, lag(status_global) OVER (ORDER BY valid_from, version) AS before FROM (
        SELECT ${columns}, CASE WHEN v.change_source NOT IN ('catalogue', 'database') THEN v.updated_by END AS changed_by FROM posture v WHERE ${ofTechnique}
        UNION ALL
        SELECT ${columns}, v.changed_by FROM posture_history v WHERE ${ofTechnique}
      ) w
    ) w
    WHERE valid_from > ${from} AND valid_from <= ${until} AND status_global = ${status} AND before IS DISTINCT FROM status_global
    ORDER BY valid_from DESC, version DESC LIMIT 1
  )`;
}
