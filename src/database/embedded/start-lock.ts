import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgresError, errorCode } from './embedded-postgres.error.js';

const HEARTBEAT_MS = 2_000;
/**
 * A process with the lock touches it every `HEARTBEAT_MS`. After this time without a touch it is gone, even if another
 * program has its pid now.
 */
const STALE_AFTER_MS = 10_000;
const POLL_MS = 50;

/**
 * Runs `work` while no other process has the same lock file. A lock of a killed process is taken over.
 *
 * Node.js has no `flock`, so this uses a file with a pid and a heartbeat. If two processes had the lock at once, the
 * data would still be safe: one rename creates a cluster, and PostgreSQL refuses a second server. The lock only makes
 * the second process wait instead of fail.
 */
export async function withStartLock<T>(
  path: string,
  timeoutMs: number,
  onWait: () => void,
  work: () => Promise<T>,
): Promise<T> {
  const content = JSON.stringify({ pid: process.pid, token: randomUUID() });
  await acquire(path, content, timeoutMs, onWait);
  const heartbeat = setInterval(() => {
    const now = new Date();
    // If this process lost the lock, the new owner handles that. So a failed touch does not matter here.
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    if ((await readIfThere(path)) === content) {
      await rm(path, { force: true });
    }
  }
}

async function acquire(path: string, content: string, timeoutMs: number, onWait: () => void): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await writeFile(path, content, { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') {
        throw error;
      }
    }
    await removeIfStale(path);
    if (attempt === 1) {
      onWait();
    }
    if (Date.now() > deadline) {
      throw new EmbeddedPostgresError(
        `Another process has been starting or stopping the embedded database for ${timeoutMs / 1000} s (lock file ${path}).`,
      );
    }
    await sleep(POLL_MS);
  }
}

async function removeIfStale(path: string): Promise<void> {
  const seen = await readIfThere(path);
  if (seen === undefined || !(await isStale(path, seen))) {
    return;
  }
  // Several processes may see the same stale lock. A slow one may move the new lock of a fast one, and then puts it
  // back.
  const aside = `${path}.${randomUUID()}`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      return;
    }
    throw error;
  }
  if ((await readIfThere(aside)) !== seen) {
    await link(aside, path).catch(() => undefined);
  }
  await rm(aside, { force: true });
}

async function isStale(path: string, content: string): Promise<boolean> {
  let touchedAt: number;
  try {
    touchedAt = (await stat(path)).mtimeMs;
  } catch {
    return false;
  }
  if (Date.now() - touchedAt > STALE_AFTER_MS) {
    return true;
  }
  const pid = holderOf(content);
  if (pid === undefined) {
    // An empty file is a new lock whose content is not written yet.
    return false;
  }
  if (pid === process.pid) {
    // In a restarted container the new process can have the pid of the old one.
    return touchedAt < Date.now() - process.uptime() * 1000;
  }
  return !isAlive(pid);
}

function holderOf(content: string): number | undefined {
  try {
    const { pid } = JSON.parse(content) as { pid?: unknown };
    return typeof pid === 'number' ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}
