import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withStartLock } from './start-lock.js';

describe('withStartLock', () => {
  const ignore = () => undefined;
  let folder: string;
  let lock: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'vedette-lock-'));
    lock = join(folder, 'lock');
  });

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  async function aDeadPid(): Promise<number> {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    return child.pid as number;
  }

  it('runs one at a time, returns the results, and leaves no file behind', async () => {
    let inside = 0;
    let most = 0;
    const work = (result: number) => async () => {
      inside += 1;
      most = Math.max(most, inside);
      await sleep(5);
      inside -= 1;
      return result;
    };
    const results = await Promise.all([1, 2, 3].map((n) => withStartLock(lock, 30_000, ignore, work(n))));
    expect(results).toEqual([1, 2, 3]);
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  it('releases the lock after an error', async () => {
    await expect(withStartLock(lock, 1_000, ignore, () => Promise.reject(new Error('no luck')))).rejects.toThrow(
      'no luck',
    );
    await expect(withStartLock(lock, 1_000, ignore, () => Promise.resolve('in'))).resolves.toBe('in');
  });

  it('takes over the lock of a dead process', async () => {
    await writeFile(lock, JSON.stringify({ pid: await aDeadPid(), token: 'a' }));
    await expect(withStartLock(lock, 1_000, ignore, () => Promise.resolve('in'))).resolves.toBe('in');
  });

  it('takes over a lock without a recent heartbeat, even if another process has its pid', async () => {
    await writeFile(lock, JSON.stringify({ pid: process.ppid, token: 'a' }));
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(lock, longAgo, longAgo);
    await expect(withStartLock(lock, 1_000, ignore, () => Promise.resolve('in'))).resolves.toBe('in');
  });

  it('times out on the lock of a living process, with the file name in the error', async () => {
    const waits: string[] = [];
    await writeFile(lock, JSON.stringify({ pid: process.ppid, token: 'a' }));
    const attempt = withStartLock(
      lock,
      200,
      () => waits.push('waiting'),
      () => Promise.resolve('in'),
    );
    await expect(attempt).rejects.toThrow(`lock file ${lock}`);
    expect(waits).toEqual(['waiting']);
  });
});
