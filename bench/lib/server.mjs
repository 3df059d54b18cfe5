import { chmodSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { packageRoot } from '../../dist/src/common/package-root.js';
import { EmbeddedPostgres } from '../../dist/src/database/embedded/index.js';

/** `f_type` in statfs(2) of a file system in memory, where fsync is free. */
const TMPFS = 0x01021994;

/**
 * Starts the embedded PostgreSQL as `npm start` runs it, in a temporary folder.
 * @returns facts about the server, and functions to create databases and to stop the server and remove its folder.
 */
export async function startServer() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vedette-bench-'));
  // If this process runs as root, PostgreSQL runs as another user. That user must be able to enter the folder.
  chmodSync(folder, 0o711);
  const embedded = new EmbeddedPostgres({ dataDir: path.join(folder, 'data'), packageRoot: packageRoot() });
  const stops = [];
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const { url } = await embedded.start().catch((error) => {
    remove();
    throw error;
  });
  const [{ server_version: version }, { fsync }] = await once(url, ['SHOW server_version', 'SHOW fsync']);
  return {
    version,
    fsync,
    folder,
    filesystem: statfsSync(folder).type === TMPFS ? 'a file system in memory' : 'disk',
    /** @returns the URL of a new and empty database. */
    async createDatabase(name) {
      await once(url, [`CREATE DATABASE ${name}`]);
      return Object.assign(new URL(url), { pathname: `/${name}` }).href;
    },
    /** Registers a function that runs before the server stops, even after an interruption. */
    beforeStop: (stop) => stops.push(stop),
    async stop() {
      for (const stop of stops.splice(0)) await stop();
      await embedded.stop({ force: true });
      remove();
    },
  };
}

/** Opens a connection for the benchmark, separate from those of the application. */
export async function connect(url) {
  const client = new pg.Client({ connectionString: url, application_name: 'vedette bench' });
  // If the server stops too early, the process must still clean up.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function once(url, statements) {
  const client = await connect(url);
  try {
    const rows = [];
    for (const statement of statements) rows.push((await client.query(statement)).rows[0]);
    return rows;
  } finally {
    await client.end();
  }
}
