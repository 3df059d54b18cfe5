import type { EntityManager } from 'typeorm';

/** What can run a statement: a data source, or the manager of a transaction. */
export type SqlRunner = Pick<EntityManager, 'query'>;

/** The rows of a `SELECT`, or those that a statement with `RETURNING` touched. */
export async function queryRows<Row>(runner: SqlRunner, sql: string, parameters: unknown[] = []): Promise<Row[]> {
  const result: unknown = await runner.query(sql, parameters);
  return (isCounted(result) ? result[0] : result) as Row[];
}

/** How many rows an `UPDATE` or `DELETE` touched. */
export async function countChanged(runner: SqlRunner, sql: string, parameters: unknown[] = []): Promise<number> {
  const result: unknown = await runner.query(sql, parameters);
  if (!isCounted(result)) throw new Error('countChanged takes an UPDATE or DELETE');
  return result[1];
}

/**
 * A parameter for an array of what needs no escaping: ids, numbers, and texts known to be words of ours. The driver would look at every character of it, and
 * write a date in local time.
 */
export function arrayLiteral(values: readonly (string | number | null | undefined)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join()}}`;
}

/** As {@link arrayLiteral}, of any texts: for an array within an array, which the driver would take for a further dimension. */
export function quotedArrayLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join()}}`;
}

/** TypeORM answers an `UPDATE` or `DELETE` as `[rows, count]`, and everything else as rows. A row is an object, never an array. */
function isCounted(result: unknown): result is [unknown[], number] {
  return Array.isArray(result) && result.length === 2 && Array.isArray(result[0]) && typeof result[1] === 'number';
}
