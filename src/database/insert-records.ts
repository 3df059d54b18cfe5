import type { SqlRunner } from './sql.js';

/** Inserts rows of one organisation in one statement. All rows have the same keys: the column names. */
export async function insertRecords(
  runner: SqlRunner,
  table: string,
  organizationId: string,
  rows: readonly Readonly<Record<string, unknown>>[],
): Promise<void> {
  if (rows.length === 0) return;
  const columns = Object.keys(rows[0]!).join(', ');
  await runner.query(
    `INSERT INTO ${table} (organization_id, ${columns})
     SELECT $1, ${columns} FROM jsonb_populate_recordset(NULL::${table}, $2::jsonb)`,
    [organizationId, JSON.stringify(rows)],
  );
}
