import { chmodSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { EmbeddedPostgres } from '../../src/database/embedded/index.js';

/** The PostgreSQL server of the suites: the one of DATABASE_URL, or an embedded one in `.vedette-test`. */
export interface TestServer {
  url: string;
  stop(): Promise<void>;
}

export async function startTestServer(): Promise<TestServer> {
  if (process.env.DATABASE_URL) return { url: process.env.DATABASE_URL, stop: async () => {} };
  const dataDir = path.resolve('.vedette-test');
  mkdirSync(dataDir, { recursive: true });
  chmodSync(dataDir, 0o755);
  // Test data is disposable, so it need not survive a crash.
  const embedded = new EmbeddedPostgres({
    dataDir,
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
  });
  const { url } = await embedded.start();
  return {
    url,
    stop: async () => {
      await embedded.stop();
    },
  };
}
