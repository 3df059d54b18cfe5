import { Global, Logger, Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Environment } from '../config/index.js';
import { dataSourceOptions } from './data-source-options.js';
import { migrate } from './migrate.js';
import { ScheduledSlot } from './scheduled-slot.entity.js';
import { Slots } from './slots.js';
import { Transactions } from './transactions.js';

/** The data source. Migrations run before any other use. */
@Global()
@Module({})
export class DatabaseModule {
  /**
   * @param onConnected gets the data source right after the connection, so that it can be closed after a later failure.
   */
  static register(url: string, onConnected?: (dataSource: DataSource) => void): DynamicModule {
    const logger = new Logger('Database');
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRootAsync({
          inject: [Environment],
          useFactory: (environment: Environment) => ({
            ...dataSourceOptions(url, environment, (error) =>
              logger.warn(`A pooled connection was lost: ${error.message}`),
            ),
            autoLoadEntities: true,
            // Fails at once without a database; the process manager restarts Vedette.
            toRetry: () => false,
          }),
          dataSourceFactory: async (options) => {
            if (!options) throw new Error('TypeOrmModule gave no options');
            const dataSource = await new DataSource(options).initialize();
            onConnected?.(dataSource);
            const ran = await migrate(dataSource);
            if (ran.length > 0) logger.log(`Schema migrated: ${ran.join(', ')}`);
            return dataSource;
          },
        }),
        TypeOrmModule.forFeature([ScheduledSlot]),
      ],
      providers: [Transactions, Slots],
      exports: [Transactions, Slots],
    };
  }
}
