import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { EmbeddedPostgres } from '../../src/database/embedded/index.js';
import type { TestDatabase } from './databases.js';

/** A data folder that the server's user can pass through, for a server that a test may kill. */
export function makeDataFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vedette-faults-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** `kill -9` of the server that runs in a data folder. Its own processes end as soon as they notice. */
export function killPostmaster(dataFolder: string): void {
  const [pid] = readFileSync(path.join(dataFolder, 'postgres/postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(pid), 'SIGKILL');
}

/** A PostgreSQL server of a test's own, with the settings of production, as a database that replicas are pointed at by its URL. */
export class FaultServer implements TestDatabase {
  private readonly folder = makeDataFolder();
  private readonly server = new EmbeddedPostgres({ dataDir: this.folder });
  url = '';

  /** Starts it, or starts it again; its address stays the same. */
  async start(): Promise<void> {
    const { url } = await this.server.start();
    if (this.url !== '' && url !== this.url) throw new Error('the server came back at another address');
    this.url = url;
  }

  kill(): void {
    killPostmaster(this.folder);
  }

  /** Stops it as an operator's restart does: whoever is connected is cut off, what they had not committed is rolled back. */
  async shutDown(): Promise<void> {
    await this.server.stop({ force: true });
  }

  /** On a connection of its own, so that it outlives the server. */
  async query<Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> {
    const client = new Client({ connectionString: this.url });
    client.on('error', () => {});
    await client.connect();
    try {
      return (await client.query(sql, parameters)).rows as Row[];
    } finally {
      await client.end();
    }
  }

  async drop(): Promise<void> {
    await this.shutDown();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
