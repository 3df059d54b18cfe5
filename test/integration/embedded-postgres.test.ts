import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Client } from 'pg';
import { EmbeddedPostgres } from '../../src/database/embedded/index.js';

/** Creating and recovering servers is slow on a busy machine. */
jest.setTimeout(60_000);

describe('EmbeddedPostgres', () => {
  const dataDirs: string[] = [];
  const instances: EmbeddedPostgres[] = [];

  async function aDataDir(): Promise<string> {
    const dataDir = await mkdtemp(join(tmpdir(), 'vedette-embedded-'));
    // mkdtemp creates a private folder, but the server runs as another user if the tests run as root.
    await chmod(dataDir, 0o711);
    dataDirs.push(dataDir);
    return dataDir;
  }

  function anInstance(dataDir: string, log?: (line: string) => void): EmbeddedPostgres {
    const instance = new EmbeddedPostgres({ dataDir, log });
    instances.push(instance);
    return instance;
  }

  async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  }

  async function postmasterPid(dataDir: string): Promise<number> {
    return Number.parseInt(await readFile(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'), 10);
  }

  async function killPostmaster(dataDir: string): Promise<void> {
    process.kill(await postmasterPid(dataDir), 'SIGKILL');
  }

  afterEach(async () => {
    for (const instance of instances.splice(0)) {
      await instance.stop({ force: true });
    }
    for (const dataDir of dataDirs.splice(0)) {
      await rm(dataDir, { recursive: true, force: true });
    }
  });

  it('creates a UTF-8 database that listens only on the loopback interface, and keeps its data after a restart', async () => {
    const dataDir = await aDataDir();
    const lines: string[] = [];
    const first = anInstance(dataDir, (line) => lines.push(line));
    const { url, adopted } = await first.start();
    expect(adopted).toBe(false);
    expect(url).toMatch(/^postgres:\/\/vedette:[\w-]{32}@127\.0\.0\.1:\d+\/vedette$/);
    const [row] = await query(
      url,
      `SELECT current_setting('listen_addresses') AS listen, current_setting('unix_socket_directories') AS sockets,
              current_setting('fsync') AS fsync, current_setting('jit') AS jit, datlocprovider::text AS provider, datlocale AS locale,
              pg_encoding_to_char(encoding) AS encoding
         FROM pg_database WHERE datname = current_database()`,
    );
    expect(row).toEqual({
      listen: '127.0.0.1',
      sockets: '',
      fsync: 'on',
      jit: 'off',
      provider: 'b',
      locale: 'C.UTF-8',
      encoding: 'UTF8',
    });
    await query(url, "CREATE TABLE kept AS SELECT 'still here' AS note");
    expect(await first.stop()).toBe('stopped');
    expect(await first.stop()).toBe('not-running');
    await expect(query(url, 'SELECT 1')).rejects.toThrow();

    const again = await anInstance(dataDir).start();
    expect(again).toEqual({ url, adopted: false });
    expect(await query(again.url, 'SELECT note FROM kept')).toEqual([{ note: 'still here' }]);
    expect(lines.join('\n')).not.toContain(new URL(url).password);
  });

  it('requires the password, and stores it in a file that only the owner can read', async () => {
    const dataDir = await aDataDir();
    const { url } = await anInstance(dataDir).start();
    const withoutPassword = new URL(url);
    withoutPassword.password = 'wrong';
    await expect(query(withoutPassword.href, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });

    const passwordFile = join(dataDir, 'postgres', 'vedette-password');
    expect((await stat(passwordFile)).mode & 0o777).toBe(0o600);
    expect(await readFile(passwordFile, 'utf8')).toBe(new URL(url).password);
    expect(await readFile(join(dataDir, 'postgres.log'), 'utf8')).not.toContain(new URL(url).password);
  });

  it('lets a second instance adopt the server, and stops it with the last one', async () => {
    const dataDir = await aDataDir();
    const first = anInstance(dataDir);
    const second = anInstance(dataDir);
    const { url } = await first.start();
    expect(await second.start()).toEqual({ url, adopted: true });
    expect(await first.start()).toEqual({ url, adopted: false });

    expect(await first.stop()).toBe('left-running');
    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(await second.stop()).toBe('stopped');
  });

  it('does not stop the server while a client is connected, unless forced', async () => {
    const dataDir = await aDataDir();
    const instance = anInstance(dataDir);
    const { url } = await instance.start();
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    expect(await instance.stop()).toBe('left-running');
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect(await instance.stop({ force: true })).toBe('stopped');
    await client.end();
  });

  it('starts one server if two instances start at once on a new folder', async () => {
    const dataDir = await aDataDir();
    const [one, other] = await Promise.all([anInstance(dataDir).start(), anInstance(dataDir).start()]);
    expect(one.url).toBe(other.url);
    expect([one.adopted, other.adopted].sort()).toEqual([false, true]);
  });

  it('recovers every committed row after a kill -9 of the server', async () => {
    const dataDir = await aDataDir();
    const { url } = await anInstance(dataDir).start();
    await query(url, 'CREATE TABLE committed AS SELECT generate_series(1, 1000) AS n');
    await killPostmaster(dataDir);
    const again = await anInstance(dataDir).start();
    expect(again.adopted).toBe(false);
    expect(await query(again.url, 'SELECT count(*)::int AS rows FROM committed')).toEqual([{ rows: 1000 }]);
  });

  it('starts a server if the pid in the pid file now belongs to another program', async () => {
    const dataDir = await aDataDir();
    const first = await anInstance(dataDir).start();
    const pidFile = join(dataDir, 'postgres', 'postmaster.pid');
    const lines = (await readFile(pidFile, 'utf8')).split('\n');
    await killPostmaster(dataDir);
    const owner = await stat(join(dataDir, 'postgres'));
    const bystander: ChildProcess = spawn('sleep', ['60'], { uid: owner.uid, gid: owner.gid, stdio: 'ignore' });
    await once(bystander, 'spawn');
    try {
      await writeFile(pidFile, [String(bystander.pid), ...lines.slice(1)].join('\n'));
      const { url, adopted } = await anInstance(dataDir).start();
      expect(adopted).toBe(false);
      expect(new URL(url).password).toBe(new URL(first.url).password);
      expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
      expect(bystander.exitCode).toBeNull();
    } finally {
      bystander.kill();
    }
  });

  it('removes the files of a killed first start', async () => {
    const dataDir = await aDataDir();
    await mkdir(join(dataDir, 'postgres.new-killed', 'base'), { recursive: true });
    await writeFile(join(dataDir, 'postgres.new-killed', 'PG_VERSION'), '18\n');
    await writeFile(join(dataDir, 'postgres.new-killed.password'), 'left over');
    await anInstance(dataDir).start();
    expect((await readdir(dataDir)).sort()).toEqual(['postgres', 'postgres.log']);
  });

  it('rejects a cluster of another major version and a folder without a cluster, and changes neither', async () => {
    const dataDir = await aDataDir();
    const instance = anInstance(dataDir);
    await mkdir(join(dataDir, 'postgres'), { mode: 0o700 });
    await writeFile(join(dataDir, 'postgres', 'notes.txt'), 'mine');
    await expect(instance.start()).rejects.toThrow(/contains files but no PostgreSQL database/);
    await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '12\n');
    await expect(instance.start()).rejects.toThrow(
      /created by PostgreSQL 12, but the installed programs are PostgreSQL 18/,
    );
    expect((await readdir(join(dataDir, 'postgres'))).sort()).toEqual(['PG_VERSION', 'notes.txt']);
  });

  it('shows the end of the server log when the server does not start', async () => {
    const dataDir = await aDataDir();
    const instance = new EmbeddedPostgres({ dataDir, settings: { shared_buffers: 'plenty' } });
    await expect(instance.start()).rejects.toThrow(/did not start[\s\S]*shared_buffers/);
    const { adopted } = await anInstance(dataDir).start();
    expect(adopted).toBe(false);
  });
});
