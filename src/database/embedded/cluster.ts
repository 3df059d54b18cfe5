import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  chown,
  lchown,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PostgresBinaries } from './binaries.js';
import { EmbeddedPostgresError, errorCode } from './embedded-postgres.error.js';
import type { ServerUser } from './server-user.js';

export const SUPERUSER = 'vedette';

/** The prefix of everything that an unfinished first start leaves. The next start removes it. */
const UNFINISHED_PREFIX = 'postgres.new-';

/** In the cluster's folder, which only the server's user may enter, so that one rename creates both. */
const PASSWORD_FILE = 'vedette-password';

/** Creates the data folder. The server's user can pass through it, but other users cannot list it. */
export async function ensureDataDir(dataDir: string, user: ServerUser | undefined): Promise<void> {
  const created = await mkdir(dataDir, { recursive: true });
  if (created !== undefined) {
    await chmod(dataDir, user === undefined ? 0o700 : 0o711);
  }
}

/** Whether the folder contains a cluster. A folder with other files is an error, because we must not replace them. */
export async function clusterExists(clusterDir: string): Promise<boolean> {
  try {
    await stat(join(clusterDir, 'PG_VERSION'));
    return true;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') {
      throw error;
    }
  }
  const entries = await readdir(clusterDir).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') {
      return [];
    }
    throw error;
  });
  if (entries.length > 0) {
    throw new EmbeddedPostgresError(
      `${clusterDir} contains files but no PostgreSQL database (no PG_VERSION). Move them away, or set VEDETTE_DATA_DIR to another folder.`,
    );
  }
  return false;
}

/** Rejects a cluster of another major version, because PostgreSQL cannot open it and reports that only in its log. */
export async function assertSameMajor(clusterDir: string, binariesVersion: string): Promise<void> {
  const clusterMajor = (await readFile(join(clusterDir, 'PG_VERSION'), 'utf8')).trim();
  const binariesMajor = /^\d+/.exec(binariesVersion)?.[0];
  if (clusterMajor !== binariesMajor) {
    throw new EmbeddedPostgresError(
      `The database in ${clusterDir} was created by PostgreSQL ${clusterMajor}, but the installed programs are PostgreSQL ${binariesVersion}. ` +
        `Install the version of the project that came with PostgreSQL ${clusterMajor}, or move the data with pg_dump and pg_restore of ` +
        `PostgreSQL ${clusterMajor}, or set VEDETTE_DATA_DIR to another folder to start with an empty database.`,
    );
  }
}

/**
 * Removes the rest of killed first starts. The caller must hold the start lock, or this could remove another process's
 * work.
 */
export async function removeUnfinished(dataDir: string): Promise<void> {
  for (const entry of await readdir(dataDir)) {
    if (entry.startsWith(UNFINISHED_PREFIX)) {
      // An orphaned initdb may still write here. The next start removes what remains.
      await rm(join(dataDir, entry), { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

/** Creates a cluster with a random superuser password. A rename at the end makes it appear complete or not at all. */
export async function createCluster(
  dataDir: string,
  clusterDir: string,
  binaries: PostgresBinaries,
  user: ServerUser | undefined,
): Promise<void> {
  const unfinished = await mkdtemp(join(dataDir, UNFINISHED_PREFIX));
  const unfinishedPassword = `${unfinished}.password`;
  try {
    await writeFile(unfinishedPassword, randomBytes(24).toString('base64url'), { mode: 0o600, flush: true });
    if (user !== undefined) {
      await chown(unfinished, user.uid, user.gid);
      await chown(unfinishedPassword, user.uid, user.gid);
    }
    await runInitdb(binaries, unfinished, unfinishedPassword, user);
    // initdb accepts only an empty folder, so the password file moves into it afterwards.
    await rename(unfinishedPassword, join(unfinished, PASSWORD_FILE));
    await syncFolder(unfinished);
    await rename(unfinished, clusterDir);
    await syncFolder(dataDir);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
    await rm(unfinishedPassword, { force: true });
  }
}

export async function readPassword(clusterDir: string): Promise<string> {
  const path = join(clusterDir, PASSWORD_FILE);
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The password of the database in ${clusterDir} could not be read from ${path} (${errorCode(error) ?? 'unknown error'}). ` +
        'Restore that file, or set VEDETTE_DATA_DIR to another folder to start with an empty database.',
      { cause: error },
    );
  }
}

/** Changes the owner of a cluster from root (after a copy or restore by root) to the server's user. */
export async function giveCluster(clusterDir: string, user: ServerUser | undefined): Promise<void> {
  if (user === undefined || (await stat(clusterDir)).uid === user.uid) {
    return;
  }
  for (const entry of await readdir(clusterDir, { recursive: true })) {
    await lchown(join(clusterDir, entry), user.uid, user.gid);
  }
  // The folder itself comes last, because its owner marks the change as complete.
  await chown(clusterDir, user.uid, user.gid);
}

async function runInitdb(
  binaries: PostgresBinaries,
  folder: string,
  passwordFile: string,
  user: ServerUser | undefined,
): Promise<void> {
  const args = ['-D', folder, '-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '-E', 'UTF8'];
  args.push('--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', '--no-instructions');
  try {
    await promisify(execFile)(binaries.initdb, args, { ...user, cwd: folder, env: { LC_ALL: 'C' }, windowsHide: true });
  } catch (error) {
    const output = String((error as { stderr?: string }).stderr ?? '').trim() || (error as Error).message;
    const hint = output.includes('could not look up effective user ID')
      ? ' PostgreSQL needs the current user to have an entry in /etc/passwd: add one, start as another user, or set DATABASE_URL.'
      : '';
    throw new EmbeddedPostgresError(`The database cluster could not be created: ${output}.${hint}`, { cause: error });
  }
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') {
    return;
  }
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
