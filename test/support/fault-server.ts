import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { EmbeddedPostgres } from '../../src/database/embedded/index.js';
import type { TestDatabase } from './databases.js';

/** A data folder that the server's user can pass through. */
export function makeDataFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'vedette-faults-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** Kills the server of a data folder with `kill -9`. Its child processes end soon after. */
export function killPostmaster(dataFolder: string): void {
  const [pid] = readFileSync(path.join(dataFolder, 'postgres/postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(pid), 'SIGKILL');
}

/** A separate PostgreSQL server for one test, with production settings. Replicas use it by its URL. */
export class FaultServer implements TestDatabase {
  private readonly folder = makeDataFolder();
  private readonly server = new EmbeddedPostgres({ dataDir: this.folder });
  url = '';

  /** Starts or restarts the server at the same address. */
  async start(): Promise<void> {
    const { url } = await this.server.start();
    if (this.url !== '' && url !== this.url) throw new Error('the server came back at another address');
    this.url = url;
  }

  kill(): void {
    killPostmaster(this.folder);
  }

  /** Stops the server like an operator: closes all connections and rolls back open transactions. */
  async shutDown(): Promise<void> {
    await this.server.stop({ force: true });
  }

  /** Uses a new connection for each call, so that it works after a restart of the server. */
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
