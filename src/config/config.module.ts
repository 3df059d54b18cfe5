import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Clock, SystemClock } from '../common/clock.js';
import { armExitPoint } from '../common/exit-points.js';
import { SecretBox } from '../common/secret-box.js';
import { Environment } from './environment.js';
import { loadSecretKey } from './secret-key.js';

/** What the whole process shares: its settings, its clock, its secret box. */
@Global()
@Module({})
export class ConfigModule {
  static register(environment: Environment): DynamicModule {
    armExitPoint(environment.VEDETTE_TEST_EXIT_AT);
    return {
      module: ConfigModule,
      providers: [
        { provide: Environment, useValue: environment },
        { provide: Clock, useClass: SystemClock },
        { provide: SecretBox, useFactory: async () => new SecretBox(await loadSecretKey(environment)) },
      ],
      exports: [Environment, Clock, SecretBox],
    };
  }
}
