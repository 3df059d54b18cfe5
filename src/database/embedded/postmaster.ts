import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { PostgresBinaries } from './binaries.js';
import { EmbeddedPostgresError } from './embedded-postgres.error.js';
import { disownPostmasterFile, identifyProcess, readLastPort, readPostmasterFile } from './postmaster-file.js';
import { readServerLogTail, sizeOf } from './server-log.js';
import type { ServerUser } from './server-user.js';

/**
 * After a `kill -9` of a server, its other processes end within two seconds. Until then PostgreSQL refuses a new start.
 */
const PREDECESSOR_TIMEOUT_MS = 15_000;
/** Recovery replays the log since the last checkpoint, at most `max_wal_size`. */
const RECOVERY_TIMEOUT_MS = 300_000;
const STOP_TIMEOUT_MS = 60_000;
const POLL_MS = 20;
const RETRY_MS = 250;
const PROGRESS_MS = 10_000;

const PREDECESSOR_MESSAGES = /lock file ".*" already exists|pre-existing shared memory block/;
const PORT_MESSAGES = /could not bind|could not create any TCP\/IP sockets/;

/** For a small server on the application's machine. Other settings keep PostgreSQL's defaults, including `fsync` on. */
const DEFAULT_SETTINGS: Record<string, string> = {
  cluster_name: 'vedette',
  shared_buffers: '128MB',
  // For solid-state storage: with the default of 4, PostgreSQL would scan whole tables for a few rows.
  random_page_cost: '1.1',
  max_connections: '100',
  max_wal_size: '512MB',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_checkpoints: 'off',
  // Statements may contain data that must not be logged.
  log_min_error_statement: 'panic',
};

/** Everything needed to run the server of one cluster. */
export interface PostmasterContext {
  binaries: PostgresBinaries;
  clusterDir: string;
  logFile: string;
  user: ServerUser | undefined;
  settings: Record<string, string>;
  log: (line: string) => void;
}

/** Starts the server, waits until it accepts connections, and returns its pid. The server outlives this process. */
export async function launchPostmaster(context: PostmasterContext): Promise<number> {
  const deadline = Date.now() + PREDECESSOR_TIMEOUT_MS;
  let port = await choosePort(await readLastPort(context.clusterDir));
  for (let attempt = 1; ; attempt += 1) {
    const logStart = await sizeOf(context.logFile);
    const child = await spawnPostmaster(context, port);
    if (await waitUntilReady(child, context)) {
      child.unref();
      return child.pid as number;
    }
    const tail = await readServerLogTail(context.logFile, logStart);
    const refusedByPredecessor = PREDECESSOR_MESSAGES.test(tail);
    if ((!refusedByPredecessor && !PORT_MESSAGES.test(tail)) || Date.now() > deadline) {
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL did not start. The end of its log (${context.logFile}):\n${tail || '(it wrote nothing)'}`,
      );
    }
    if (attempt === 1) {
      context.log(
        'PostgreSQL cannot start yet, because a previous server is still stopping or the port is taken; trying again',
      );
    }
    if (refusedByPredecessor) {
      await disownIfStale(context.clusterDir);
      await sleep(RETRY_MS);
    } else {
      port = await choosePort(undefined);
    }
  }
}

/** Fast shutdown: open transactions roll back, and all committed data is on disk when this returns. */
export async function shutDownPostmaster(context: PostmasterContext, pid: number): Promise<void> {
  if (process.platform === 'win32') {
    // Windows has no signals; pg_ctl uses a named pipe.
    await promisify(execFile)(context.binaries.pgCtl, ['stop', '-D', context.clusterDir, '-m', 'fast', '-w']);
    return;
  }
  process.kill(pid, 'SIGINT');
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (await isRunning(context.clusterDir, pid)) {
    if (Date.now() > deadline) {
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL (pid ${pid}) did not stop within ${STOP_TIMEOUT_MS / 1000} s; its log is ${context.logFile}.`,
      );
    }
    await sleep(POLL_MS);
  }
}

async function isRunning(clusterDir: string, pid: number): Promise<boolean> {
  const identity = await identifyProcess(pid, clusterDir);
  if (identity === 'unknown') {
    return (await readPostmasterFile(clusterDir))?.pid === pid;
  }
  return identity === 'ours';
}

/** A separate session with output to a file, so that neither Ctrl-C nor the end of this process stops the server. */
async function spawnPostmaster(context: PostmasterContext, port: number): Promise<ChildProcess> {
  const settings = {
    ...DEFAULT_SETTINGS,
    ...context.settings,
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
  };
  const args = [
    '-D',
    context.clusterDir,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
  const logHandle = await open(context.logFile, 'a', 0o600);
  try {
    if (context.user !== undefined) {
      // Lets the owner of the cluster also start it without root.
      await logHandle.chown(context.user.uid, context.user.gid);
    }
    const child = spawn(context.binaries.postgres, args, {
      ...context.user,
      cwd: context.clusterDir,
      env: { LC_ALL: 'C' },
      detached: true,
      windowsHide: true,
      stdio: ['ignore', logHandle.fd, logHandle.fd],
    });
    await once(child, 'spawn');
    return child;
  } catch (error) {
    throw new EmbeddedPostgresError(`${context.binaries.postgres} could not be started: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    await logHandle.close();
  }
}

/** False if the server ended instead of becoming ready. */
async function waitUntilReady(child: ChildProcess, context: PostmasterContext): Promise<boolean> {
  const startedAt = Date.now();
  let nextProgress = startedAt + PROGRESS_MS;
  while (child.exitCode === null && child.signalCode === null) {
    const file = await readPostmasterFile(context.clusterDir);
    if (file?.pid === child.pid && file?.status === 'ready') {
      return true;
    }
    const now = Date.now();
    if (now > startedAt + RECOVERY_TIMEOUT_MS) {
      child.unref();
      throw new EmbeddedPostgresError(
        `PostgreSQL was not ready within ${RECOVERY_TIMEOUT_MS / 1000} s and is still starting (pid ${child.pid}); ` +
          `its log is ${context.logFile}. Start again to continue waiting.`,
      );
    }
    if (now > nextProgress) {
      context.log('PostgreSQL is still starting: it is recovering from an unclean stop');
      nextProgress = now + PROGRESS_MS;
    }
    await sleep(POLL_MS);
  }
  return false;
}

async function disownIfStale(clusterDir: string): Promise<void> {
  const file = await readPostmasterFile(clusterDir);
  if (file !== undefined && (await identifyProcess(file.pid, clusterDir)) === 'other') {
    await disownPostmasterFile(clusterDir);
  }
}

/** Returns `preferred` if it is free, else any free port. If another program takes it first, the launch tries again. */
async function choosePort(preferred: number | undefined): Promise<number> {
  const probe = createServer();
  try {
    probe.listen(preferred ?? 0, '127.0.0.1');
    await once(probe, 'listening');
    const address = probe.address();
    return typeof address === 'object' && address !== null ? address.port : choosePort(undefined);
  } catch (error) {
    if (preferred === undefined) {
      throw error;
    }
    return choosePort(undefined);
  } finally {
    probe.close();
  }
}
