import type { EntityManager } from 'typeorm';

/** Runs statements: a data source, or the manager of a transaction. */
export type SqlRunner = Pick<EntityManager, 'query'>;

/** The rows of a `SELECT`, or of a statement with `RETURNING`. */
export async function queryRows<Row>(runner: SqlRunner, sql: string, parameters: unknown[] = []): Promise<Row[]> {
  const result: unknown = await runner.query(sql, parameters);
  return (isCounted(result) ? result[0] : result) as Row[];
}

/** The number of rows that an `UPDATE` or `DELETE` changed. */
export async function countChanged(runner: SqlRunner, sql: string, parameters: unknown[] = []): Promise<number> {
  const result: unknown = await runner.query(sql, parameters);
  if (!isCounted(result)) throw new Error('countChanged takes an UPDATE or DELETE');
  return result[1];
}

/**
 * An array parameter for values that need no escaping: ids, numbers and known words. It is faster than the driver,
 * which examines each character, and which writes dates in local time.
 */
export function arrayLiteral(values: readonly (string | number | null | undefined)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join()}}`;
}

/**
 * Like {@link arrayLiteral} for any texts, as a value inside an array. The driver would treat it as another dimension.
 */
export function quotedArrayLiteral(values: readonly string[]): string {
  return `{${values.map((value) => `"${value.replace(/["\\]/g, '\\$&')}"`).join()}}`;
}

/** TypeORM returns `[rows, count]` for an `UPDATE` or `DELETE`, and rows otherwise. A row is always an object. */
function isCounted(result: unknown): result is [unknown[], number] {
  return Array.isArray(result) && result.length === 2 && Array.isArray(result[0]) && typeof result[1] === 'number';
}
