import type { Environment } from '../config/index.js';

/** Rows of one table that retention removes at a certain age. The module that owns the table selects them. */
export interface ExpiredRows {
  /** The words for one row and for several. */
  name: readonly [singular: string, plural: string];
  /** The setting for how many days rows are kept. Without one, rows before $1 = now expire. */
  setting?: keyof Environment & `VEDETTE_RETENTION_${string}`;
  /** Removes up to $2 rows from before $1, oldest first. Skips rows that another transaction has locked. */
  sql: string;
}

interface ExpiredRowsOfTable extends Omit<ExpiredRows, 'sql'> {
  table: string;
  /** The primary key; `id` when left out. */
  key?: readonly string[];
  /** Selects and locks the keys of up to $2 rows from before $1, with `SKIP LOCKED`. It needs an index on the time. */
  expired: string;
}

/** Composes the statement that removes expired rows of a table. */
export function expiredRows({ table, key = ['id'], expired, ...facts }: ExpiredRowsOfTable): ExpiredRows {
  const isExpired = key.map((column) => `t.${column} = expired.${column}`).join(' AND ');
  return {
    ...facts,
    sql: `WITH expired AS MATERIALIZED (${expired}) DELETE FROM ${table} t USING expired WHERE ${isExpired}`,
  };
}

/** The versions in a history table that were superseded long enough ago. */
export function expiredVersions({
  name,
  table,
  key,
}: Pick<ExpiredRowsOfTable, 'name' | 'table'> & { key: readonly string[] }): ExpiredRows {
  const columns = [...key, 'valid_from', 'version'];
  return expiredRows({
    name,
    setting: 'VEDETTE_RETENTION_HISTORY_DAYS',
    table,
    key: columns,
    expired: `SELECT ${columns.join(', ')} FROM ${table} WHERE valid_to < $1 ORDER BY valid_to LIMIT $2 FOR UPDATE SKIP LOCKED`,
  });
}
