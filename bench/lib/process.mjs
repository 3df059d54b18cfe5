import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { packageRoot } from '../../dist/src/common/package-root.js';

const START_TIMEOUT_MS = 60_000;

/**
 * Starts `dist/src/main.js` as a separate process and waits until it is ready.
 * @param environment settings in addition to the port. All others have their defaults.
 */
export async function startProcess(server, environment) {
  const port = await freePort();
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(VEDETTE_|DATABASE_|OTEL_|HOST$|PORT$)/.test(name),
  );
  const child = spawn(process.execPath, ['dist/src/main.js'], {
    cwd: packageRoot(),
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...Object.fromEntries(inherited), PORT: String(port), ...environment },
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const stop = () => {
    child.kill('SIGTERM');
    return exited;
  };
  server.beforeStop(stop);
  const address = `http://127.0.0.1:${port}`;
  for (const end = Date.now() + START_TIMEOUT_MS; !(await isReady(address)); await sleep(100)) {
    if (child.exitCode !== null || Date.now() > end) throw new Error('Vedette did not become ready in time');
  }
  return { address, pid: child.pid, stop };
}

/** @returns the resident memory of a process in MB, and its maximum so far if the system reports it. */
export function residentMemory(pid) {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) {
    const kb = Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }));
    return { now: kb / 1024, max: undefined };
  }
  const status = readFileSync(file, 'utf8');
  const mb = (field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)[1]) / 1024;
  return { now: mb('VmRSS'), max: mb('VmHWM') };
}

async function isReady(address) {
  const response = await fetch(`${address}/health/ready`).catch(() => undefined);
  return response?.ok ?? false;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
