import { ConsoleLogger, type ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Clock, ManualClock } from '../../src/common/clock.js';
import { ConfigModule, Environment } from '../../src/config/index.js';
import { DatabaseModule } from '../../src/database/index.js';
import { MetricsModule } from '../../src/metrics/index.js';
import { TracingModule } from '../../src/tracing/index.js';
import { allEntities } from './all-entities.js';
import { createTestDatabase, type TestDatabase } from './databases.js';

/** The initial time of a test's clock. */
export const NOW = new Date('2026-03-10T12:00:00.000Z');

export interface TestContext {
  module: TestingModule;
  database: TestDatabase;
  clock: ManualClock;
  /** Closes the module and drops its database. */
  close(): Promise<void>;
}

/** The settings of a test: like a deployment with an external database, plus the given changes. */
export function testEnvironment(changes: Partial<Environment> = {}): Environment {
  return Object.assign(
    new Environment(),
    { VEDETTE_SECRET_KEY: 'a key that only the tests know, 32 characters', VEDETTE_LOG_LEVEL: 'error' },
    changes,
  );
}

/** Starts the given modules with a separate database and a manual clock. Close it in `afterAll`. */
export async function startTestModule(
  modules: NonNullable<ModuleMetadata['imports']>,
  options: {
    environment?: Partial<Environment>;
    providers?: ModuleMetadata['providers'];
    init?: boolean;
    /** The database of another module, which drops it; this module is then another replica. */
    database?: TestDatabase;
  } = {},
): Promise<TestContext> {
  const database = options.database ?? (await createTestDatabase());
  const clock = new ManualClock(NOW);
  const module = await Test.createTestingModule({
    imports: [
      ConfigModule.register(testEnvironment(options.environment)),
      DatabaseModule.register(database.url),
      MetricsModule,
      TracingModule,
      TypeOrmModule.forFeature(allEntities),
      ...modules,
    ],
    providers: options.providers ?? [],
  })
    .setLogger(new ConsoleLogger({ logLevels: ['fatal'] }))
    .overrideProvider(Clock)
    .useValue(clock)
    .compile();
  if (options.init !== false) await module.init();
  return {
    module,
    database,
    clock,
    close: async () => {
      await module.close();
      if (!options.database) await database.drop();
    },
  };
}
