import type { DataSourceOptions } from 'typeorm';
import { migrations } from '../../migrations/index.js';
import type { Environment } from '../config/index.js';
import { ListeningClient } from './listening-client.js';
import { SnakeNamingStrategy } from './snake-naming.strategy.js';

/**
 * The connection options for an embedded or external PostgreSQL. Sessions have no state, so a transaction-mode pooler
 * works.
 */
export function dataSourceOptions(
  url: string,
  environment: Environment,
  onPoolError: (error: Error) => void,
): DataSourceOptions {
  return {
    type: 'postgres',
    url,
    migrations,
    migrationsTableName: 'schema_migration',
    migrationsRun: false,
    synchronize: false,
    installExtensions: false,
    namingStrategy: new SnakeNamingStrategy(),
    applicationName: 'vedette',
    poolSize: environment.DATABASE_POOL_SIZE,
    connectTimeoutMS: 10_000,
    logging: false,
    poolErrorHandler: onPoolError,
    extra: { idleTimeoutMillis: 30_000, keepAlive: true, Client: ListeningClient },
  };
}
