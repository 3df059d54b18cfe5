import path from 'node:path';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, validateSync } from 'class-validator';
import { packageRoot } from '../common/package-root.js';
import { Environment } from './environment.js';

/** The environment is not usable. Names variables and the values they accept, never their values: some are secrets. */
export class EnvironmentError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The environment is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'EnvironmentError';
  }
}

/** The data folder. A relative path starts at Vedette's own folder, not at the working directory. */
export function dataFolder({ VEDETTE_DATA_DIR: folder }: Environment): string {
  return path.resolve(packageRoot(), folder);
}

/**
 * Reads and validates the settings. An empty variable counts as unset.
 * @throws EnvironmentError naming each unusable variable and the values it accepts.
 */
export function readEnvironment(source: NodeJS.ProcessEnv = process.env): Environment {
  const given = Object.fromEntries(
    settingNames()
      .filter((name) => source[name])
      .map((name) => [name, source[name]]),
  );
  const environment = plainToInstance(Environment, given, { exposeDefaultValues: true });
  const problems = validateSync(environment).flatMap(({ property, constraints }) =>
    [...new Set(Object.values(constraints ?? {}))].map((message) => `${property} ${message}`),
  );
  if (environment.DATABASE_URL && !environment.VEDETTE_SECRET_KEY) {
    problems.push('VEDETTE_SECRET_KEY must be set together with DATABASE_URL, the same for every replica');
  }
  if (environment.VEDETTE_TEST_EXIT_AT && source.NODE_ENV !== 'test') {
    problems.push('VEDETTE_TEST_EXIT_AT is for tests only and must be unset unless NODE_ENV is test');
  }
  if (problems.length > 0) throw new EnvironmentError(problems);
  return environment;
}

/** From the validators: a setting without a default is no property of a new `Environment`. */
function settingNames(): string[] {
  const validators = getMetadataStorage().getTargetValidationMetadatas(Environment, '', false, false);
  return [...new Set(validators.map(({ propertyName }) => propertyName))];
}
