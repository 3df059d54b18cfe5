import { realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { SUPERUSER } from './cluster.js';
import { errorCode } from './embedded-postgres.error.js';

export const DATABASE = 'vedette';
export const HOST = '127.0.0.1';

const CONNECT_TIMEOUT_MS = 5_000;
/** The server process of a closed connection ends a few milliseconds later. */
const LINGERING_BACKENDS_MS = 500;
const POLL_MS = 50;
const DUPLICATE_DATABASE = '42P04';

/** pg has these two methods, but its type declarations lack them. */
type Referable = Client & { ref(): void; unref(): void };

/** Lets the process end while the connection is open. */
export function detach(client: Client): void {
  (client as Referable).unref();
}

/** Keeps the process alive, so that it can wait for the connection to close. */
export function attach(client: Client): void {
  (client as Referable).ref();
}

/**
 * Connects to the `postgres` database. Returns undefined if the server accepts the password but runs on another folder,
 * because this data folder is a copy.
 */
export async function connectToCluster(
  clusterDir: string,
  port: number,
  password: string,
): Promise<Client | undefined> {
  const client = new Client({
    host: HOST,
    port,
    user: SUPERUSER,
    password,
    database: 'postgres',
    ssl: false,
    application_name: 'vedette embedded server in use',
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  });
  // Without a listener, the end of the server would end this process.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ folder: string }>("SELECT current_setting('data_directory') AS folder");
    const folder = await realpath(rows[0]?.folder ?? '').catch(() => undefined);
    if (folder === (await realpath(clusterDir))) {
      return client;
    }
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  await client.end();
  return undefined;
}

export async function ensureDatabase(client: Client): Promise<void> {
  const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [DATABASE]);
  if (rowCount === 0) {
    await client.query(`CREATE DATABASE ${DATABASE}`).catch((error: unknown) => {
      if (errorCode(error) !== DUPLICATE_DATABASE) {
        throw error;
      }
    });
  }
}

/** Whether clients other than `client` are connected to any database of the server. */
export async function hasOtherClients(client: Client): Promise<boolean> {
  const deadline = Date.now() + LINGERING_BACKENDS_MS;
  for (;;) {
    const { rows } = await client.query<{ others: number }>(
      "SELECT count(*)::int AS others FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
    );
    if (rows[0]?.others === 0) {
      return false;
    }
    if (Date.now() > deadline) {
      return true;
    }
    await sleep(POLL_MS);
  }
}
