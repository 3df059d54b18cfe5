import { Client } from 'pg';
import type { TestDatabase } from './databases.js';

/**
 * Creates exact copies of a database, ids included. Closes all connections to the original. The copies' names start
 * with the original's, so that the clean-up of the run removes them.
 */
export async function cloneDatabase(original: TestDatabase, count: number): Promise<TestDatabase[]> {
  const url = new URL(original.url);
  const name = url.pathname.slice(1);
  const server = new URL(url);
  server.pathname = '/postgres';
  const names = Array.from({ length: count }, (_, index) => `${name}_copy${index}`);
  await withClient(server.toString(), async (client) => {
    await client.query('SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1', [name]);
    for (const copy of names) await client.query(`CREATE DATABASE ${copy} TEMPLATE ${name}`);
  });
  return Promise.all(
    names.map(async (copy) => {
      const copyUrl = new URL(url);
      copyUrl.pathname = `/${copy}`;
      const client = new Client({ connectionString: copyUrl.toString() });
      client.on('error', () => {});
      await client.connect();
      return {
        url: copyUrl.toString(),
        query: async <Row>(sql: string, parameters: unknown[] = []) =>
          (await client.query(sql, parameters)).rows as Row[],
        drop: async () => {
          await client.end();
          await withClient(server.toString(), (own) => own.query(`DROP DATABASE IF EXISTS ${copy} WITH (FORCE)`));
        },
      };
    }),
  );
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
