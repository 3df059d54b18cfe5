/** A table whose superseded versions are moved to `<table>_history` by a trigger. */
export interface VersionedTable {
  table: string;
  key: readonly string[];
  /** The other columns of its relation. Both tables have them. */
  columns: readonly string[];
}

export const VERSIONED_POSTURE: VersionedTable = {
  table: 'posture',
  key: ['organization_id', 'technique_id'],
  columns: ['status_global', 'last_review_date', 'risk_score', 'owner_id', 'tags', 'in_force', 'mitre_last_modified'],
};

export const VERSIONED_QUEUE: VersionedTable = {
  table: 'revalidation_item',
  key: ['organization_id', 'id'],
  columns: ['technique_id', 'status', 'created_at', 'due_at'],
};

export const VERSIONED_SNAPSHOTS: VersionedTable = {
  table: 'posture_snapshot',
  key: ['organization_id', 'snapshot_date'],
  columns: [
    ...['coverage_pct', 'total', 'validated', 'partial', 'in_progress', 'not_covered', 'not_evaluated', 'source'],
    ...[
      'rollup',
      'formula_version',
      'scope',
      'attack_versions',
      'tactics',
      'taken_at',
      'baseline_pct',
      'baseline_date',
      'baseline_tactics',
    ],
  ],
};

/** The posture at an instant. `instant` is an SQL expression, which may use columns of relations to its left. */
export function postureAsOf(instant: string): string {
  return asOf({ ...VERSIONED_POSTURE, columns: ['status_global', 'in_force'] }, instant);
}

/**
 * A sub-select of the table as it was at an instant. Each row that has changed since takes one step in the index of the
 * history, so the cost does not depend on the length of the history.
 */
export function asOf({ table, key, columns }: VersionedTable, instant: string): string {
  const of = (alias: string, names: readonly string[]): string => names.map((name) => `${alias}.${name}`).join(', ');
  const sameKey = key.map((name) => `h.${name} = c.${name}`).join(' AND ');
  return `(
    SELECT ${of('c', key)}, v.* FROM ${table} c CROSS JOIN LATERAL (
      SELECT ${of('c', columns)}, c.valid_from WHERE c.valid_from <= ${instant}
      UNION ALL (
        SELECT ${of('h', columns)}, h.valid_from FROM ${table}_history h WHERE ${sameKey} AND h.valid_from <= ${instant} AND c.valid_from > ${instant}
        ORDER BY h.valid_from DESC, h.version DESC LIMIT 1
      )
    ) v
  )`;
}

/** An instant as an SQL literal. Throws on an invalid date. */
export function sqlInstant(at: Date): string {
  return `'${at.toISOString()}'::timestamptz`;
}
