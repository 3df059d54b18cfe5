import { MigrationExecutor, type DataSource } from 'typeorm';

/** Any number that no other program locks on; it stands for "Vedette's schema". */
const SCHEMA_LOCK = 7_305_441_902;

/**
 * Brings the schema up to date, all pending migrations in one transaction. Replicas that start together wait for the first on an advisory lock that ends with
 * the transaction, so that a transaction-mode pooler in between does no harm.
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

/** The migrations that the code knows and the database lacks. */
export async function pendingMigrations(dataSource: DataSource): Promise<string[]> {
  return (await new MigrationExecutor(dataSource).getPendingMigrations()).map(({ name }) => name);
}
