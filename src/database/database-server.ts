import { packageRoot } from '../common/package-root.js';
import { dataFolder, type Environment } from '../config/index.js';
import { EmbeddedPostgres } from './embedded/index.js';

/** The PostgreSQL server of this process. */
export interface DatabaseServer {
  /** Contains a password: never log it. */
  url: string;
  /** A description without secrets. */
  description: string;
  /**
   * Call it after closing the last connection. Does not stop an external server, or an embedded one that another
   * process uses.
   */
  stop(): Promise<void>;
}

/** Uses the server of `DATABASE_URL`, or starts (or adopts) the embedded PostgreSQL of the data folder. */
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
