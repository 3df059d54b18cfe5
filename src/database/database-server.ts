import { packageRoot } from '../common/package-root.js';
import { dataFolder, type Environment } from '../config/index.js';
import { EmbeddedPostgres } from './embedded/index.js';

/** The PostgreSQL that the process works on. */
export interface DatabaseServer {
  /** Holds a password: never to be logged. */
  url: string;
  /** What it is, in words without secrets. */
  description: string;
  /** To be called after the last connection is closed. Leaves an external server alone, and an embedded one that another process is using. */
  stop(): Promise<void>;
}

/** Connects to what `DATABASE_URL` names, or starts (or adopts) the embedded PostgreSQL of the data folder. */
export async function openDatabaseServer(
  environment: Environment,
  log: (line: string) => void,
): Promise<DatabaseServer> {
  if (environment.DATABASE_URL) {
    return {
      url: environment.DATABASE_URL,
      description: `PostgreSQL at ${hostOf(environment.DATABASE_URL)}`,
      stop: async () => {},
    };
  }
  const dataDir = dataFolder(environment);
  const embedded = new EmbeddedPostgres({ dataDir, packageRoot: packageRoot(), log, revive: true });
  const { url } = await embedded.start();
  return {
    url,
    description: `the embedded PostgreSQL in ${dataDir}`,
    stop: async () => {
      if ((await embedded.stop()) === 'left-running') log('PostgreSQL is left running: another process is using it');
    },
  };
}

function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return 'the address in DATABASE_URL';
  }
}
