import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { readEnvironment } from '../../src/config/index.js';
import { dataSourceOptions } from '../../src/database/data-source-options.js';
import { migrate } from '../../src/database/index.js';

/** The prefix of the databases of one run, so that two runs on one server do not conflict. */
function prefix(): string {
  process.env.VEDETTE_TEST_RUN ??= randomBytes(4).toString('hex');
  return `vedette_test_${process.env.VEDETTE_TEST_RUN}_`;
}

function templateName(): string {
  return `${prefix()}template`;
}

/** A separate database for one test file, cloned from the migrated template. */
export interface TestDatabase {
  url: string;
  /** Runs SQL on a separate connection, not the application's. */
  query<Row>(sql: string, parameters?: unknown[]): Promise<Row[]>;
  drop(): Promise<void>;
}

export async function createTemplate(serverUrl: string): Promise<void> {
  await onServer(serverUrl, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${templateName()} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${templateName()} TEMPLATE template0`);
  });
  const dataSource = await new DataSource(
    dataSourceOptions(urlOf(serverUrl, templateName()), readEnvironment({}), () => {}),
  ).initialize();
  await migrate(dataSource);
  await dataSource.destroy();
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const serverUrl = process.env.VEDETTE_TEST_SERVER_URL;
  if (!serverUrl) throw new Error('the global set-up has not run');
  const name = `${prefix()}${randomBytes(4).toString('hex')}`;
  await onServer(serverUrl, (client) => client.query(`CREATE DATABASE ${name} TEMPLATE ${templateName()}`));
  const url = urlOf(serverUrl, name);
  const client = new Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  return {
    url,
    query: async <Row>(sql: string, parameters: unknown[] = []) => (await client.query(sql, parameters)).rows as Row[],
    drop: async () => {
      await client.end();
      await onServer(serverUrl, (server) => server.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));
    },
  };
}

export async function dropTestDatabases(serverUrl: string): Promise<void> {
  await onServer(serverUrl, async (client) => {
    const { rows } = await client.query<{ datname: string }>(
      `SELECT datname FROM pg_database WHERE datname LIKE '${prefix()}%'`,
    );
    for (const { datname } of rows) await client.query(`DROP DATABASE IF EXISTS "${datname}" WITH (FORCE)`);
  });
}

async function onServer<T>(serverUrl: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: serverUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

function urlOf(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.toString();
}
