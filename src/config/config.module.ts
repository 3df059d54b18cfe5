import { Global, Module, type DynamicModule } from '@nestjs/common';
import { Clock, SystemClock } from '../common/clock.js';
import { armExitPoint } from '../common/exit-points.js';
import { SecretBox } from '../common/secret-box.js';
import { Environment } from './environment.js';
import { loadSecretKey } from './secret-key.js';

/** Also decrypts text of the previous key, so that Vedette keeps working after a change of the key. */
async function openSecretBox(environment: Environment): Promise<SecretBox> {
  const { VEDETTE_SECRET_KEY_PREVIOUS: previous } = environment;
  return new SecretBox(await loadSecretKey(environment), previous ? [previous] : []);
}

/** Shared by the whole process: settings, clock, secret box. */
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
        { provide: SecretBox, useFactory: () => openSecretBox(environment) },
      ],
      exports: [Environment, Clock, SecretBox],
    };
  }
}
