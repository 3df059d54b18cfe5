import { realpath } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { SUPERUSER } from './cluster.js';
import { errorCode } from './embedded-postgres.error.js';

export const DATABASE = 'vedette';
export const HOST = '127.0.0.1';

const CONNECT_TIMEOUT_MS = 5_000;
/** A closed connection's backend lives a few milliseconds longer. */
const LINGERING_BACKENDS_MS = 500;
const POLL_MS = 50;
const DUPLICATE_DATABASE = '42P04';

/** The two calls exist in pg and are missing from its type declarations. */
type Referable = Client & { ref(): void; unref(): void };

/** Lets the process end while the connection is open. */
export function detach(client: Client): void {
  (client as Referable).unref();
}

/** Waiting for a detached connection to close would let the process end in the middle of the wait. */
export function attach(client: Client): void {
  (client as Referable).ref();
}

/**
 * Connects to the `postgres` database. Undefined when the server takes the password and runs on another folder: it is then the
 * original of a copied data folder.
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
  // Without a listener, a server that is stopped or killed would end this process.
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

/** Whether anybody but `client` is connected to the server, whichever database they use. */
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
