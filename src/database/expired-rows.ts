import type { Environment } from '../config/index.js';

/** Rows of one table that are kept for an age and then removed. Retention removes them; the owner of the table says which they are. */
export interface ExpiredRows {
  /** What one row is called, and several. */
  name: readonly [singular: string, plural: string];
  /** The setting that says for how many days rows are kept; without one, a row expires at the instant that `sql` finds. */
  setting?: keyof Environment & `VEDETTE_RETENTION_${string}`;
  /** Removes at most $2 rows whose time was before $1, oldest first. Skips rows that another transaction has locked: the next removal finds them again. */
  sql: string;
}

interface ExpiredRowsOfTable extends Omit<ExpiredRows, 'sql'> {
  table: string;
  /** The primary key; `id` when left out. */
  key?: readonly string[];
  /** Finds the keys of at most $2 rows whose time was before $1, and locks them with `SKIP LOCKED`. An index on the time should serve it. */
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

/** The superseded versions in a history table, by when they were superseded. */
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
