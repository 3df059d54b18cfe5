import { MigrationExecutor, type DataSource } from 'typeorm';

/** The id of the advisory lock for Vedette's schema; an arbitrary number. */
const SCHEMA_LOCK = 7_305_441_902;

/**
 * Runs all pending migrations in one transaction. Concurrent replicas wait on an advisory lock, which ends with the
 * transaction, so that it also works with a transaction-mode pooler.
 * @returns the names of the migrations that this call ran.
 */
export async function migrate(dataSource: DataSource): Promise<string[]> {
  const runner = dataSource.createQueryRunner();
  try {
    await runner.connect();
    await runner.startTransaction();
    await runner.query('SELECT pg_advisory_xact_lock($1)', [SCHEMA_LOCK]);
    const executor = new MigrationExecutor(dataSource, runner);
    executor.transaction = 'none';
    const ran = await executor.executePendingMigrations();
    await runner.commitTransaction();
    return ran.map(({ name }) => name);
  } catch (error) {
    if (runner.isTransactionActive) await runner.rollbackTransaction();
    throw error;
  } finally {
    await runner.release();
  }
}

/** Migrations of the code that the database lacks. */
export async function pendingMigrations(dataSource: DataSource): Promise<string[]> {
  return (await new MigrationExecutor(dataSource).getPendingMigrations()).map(({ name }) => name);
}
