import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmod, mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertReachable } from './server-user.js';

describe('assertReachable', () => {
  const stranger = { uid: 54321, gid: 54321 };
  let root: string;
  let dataDir: string;
  let nativeDir: string;

  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'vedette-user-')));
    await chmod(root, 0o711);
    dataDir = join(root, 'home', 'data');
    nativeDir = join(root, 'project', 'native');
    await mkdir(dataDir, { recursive: true });
    for (const folder of ['bin', 'lib', join('share', 'postgresql')]) {
      await mkdir(join(nativeDir, folder), { recursive: true });
    }
  });

  afterEach(async () => {
    await rm(root, { recursive: true, force: true });
  });

  it('accepts folders that all users may enter', async () => {
    await expect(assertReachable(stranger, dataDir, nativeDir)).resolves.toBeUndefined();
  });

  it('names the folder that blocks the data, and the possible fixes', async () => {
    await chmod(join(root, 'home'), 0o700);
    const failure = assertReachable(stranger, dataDir, nativeDir);
    await expect(failure).rejects.toThrow(`uid 54321, who cannot enter ${join(root, 'home')}, `);
    await expect(failure).rejects.toThrow(/VEDETTE_DATA_DIR.*DATABASE_URL/);
  });

  it('names the folder that blocks the programs, and the possible fixes', async () => {
    await chmod(join(root, 'project'), 0o700);
    const failure = assertReachable(stranger, dataDir, nativeDir);
    await expect(failure).rejects.toThrow(`uid 54321, who cannot enter ${join(root, 'project')}, `);
    await expect(failure).rejects.toThrow(/Move the project.*DATABASE_URL/);
  });

  it('checks nothing if the server runs as the current user', async () => {
    await chmod(join(root, 'home'), 0o700);
    await expect(assertReachable(undefined, dataDir, nativeDir)).resolves.toBeUndefined();
  });
});
