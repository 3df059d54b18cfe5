import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually, freePort } from '../support/vedette-process.js';

/** Supervisors send signals only to npm. npm then ends, but does not pass the signal on to its child processes. */
describe('npm start', () => {
  let dataDir: string;
  let npm: ChildProcess;
  let output: string;

  beforeEach(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'vedette-npm-'));
    // If the test runs as root, PostgreSQL runs as another user. That user must be able to enter the folder.
    await chmod(dataDir, 0o711);
    output = '';
  });

  afterEach(async () => {
    // npm has its own process group, so this ends all of its processes even if the test fails.
    for (const pid of [-npm.pid!, (await postgresPid()) ?? 0]) if (pid !== 0) kill(pid, 'SIGKILL');
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });

  it.each(['SIGTERM', 'SIGKILL'] as const)(
    'stops Vedette and its database when npm receives %s',
    async (signal) => {
      const url = await start();
      const postgres = await postgresPid();
      expect(postgres).toBeGreaterThan(0);

      const exit = once(npm, 'exit');
      kill(npm.pid!, signal);
      await exit;

      await eventually(async () => !(await isReady(url)), 'Vedette no longer answers', 30_000);
      await eventually(() => !isAlive(postgres!), 'PostgreSQL has ended', 30_000);
      await eventually(() => !isAlive(-npm.pid!), 'all processes that npm started have ended', 30_000);
    },
    180_000,
  );

  async function start(): Promise<string> {
    const port = await freePort();
    const { PATH, HOME } = process.env;
    npm = spawn('npm', ['start'], {
      env: { PATH, HOME, DATABASE_URL: '', VEDETTE_DATA_DIR: dataDir, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    for (const stream of [npm.stdout, npm.stderr]) stream?.on('data', (chunk: Buffer) => (output += String(chunk)));
    const url = `http://127.0.0.1:${port}/health/ready`;
    await eventually(() => output.includes('Ctrl-C stops it.') && isReady(url), 'Vedette is ready', 90_000).catch(
      (error: Error) => {
        throw new Error(`${error.message}; npm start printed:\n${output}`);
      },
    );
    return url;
  }

  async function postgresPid(): Promise<number | undefined> {
    const file = await readFile(path.join(dataDir, 'postgres/postmaster.pid'), 'utf8').catch(() => undefined);
    return file === undefined ? undefined : Number(file.split('\n')[0]);
  }
});

async function isReady(url: string): Promise<boolean> {
  return fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** @param pid negative: a process group. */
function isAlive(pid: number): boolean {
  return kill(pid, 0);
}

function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
