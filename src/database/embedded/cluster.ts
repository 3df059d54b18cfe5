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

/** Everything of a first start that was not finished begins with this; the next start removes it. */
const UNFINISHED_PREFIX = 'postgres.new-';

/** Kept inside the cluster's folder, which only the server's user may enter, so that one rename brings both or neither. */
const PASSWORD_FILE = 'vedette-password';

/** Creates the data folder so that the server's user can pass through it, and nobody can list it. */
export async function ensureDataDir(dataDir: string, user: ServerUser | undefined): Promise<void> {
  const created = await mkdir(dataDir, { recursive: true });
  if (created !== undefined) {
    await chmod(dataDir, user === undefined ? 0o700 : 0o711);
  }
}

/** Whether the folder holds a cluster; a folder that holds something else is refused, since it is not ours to replace. */
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
      `${clusterDir} holds files but no PostgreSQL database (no PG_VERSION). Move them away, or set VEDETTE_DATA_DIR to another folder.`,
    );
  }
  return false;
}

/** Refuses a cluster of another major version: PostgreSQL cannot open it, and would say so only in its log. */
export async function assertSameMajor(clusterDir: string, binariesVersion: string): Promise<void> {
  const clusterMajor = (await readFile(join(clusterDir, 'PG_VERSION'), 'utf8')).trim();
  const binariesMajor = /^\d+/.exec(binariesVersion)?.[0];
  if (clusterMajor !== binariesMajor) {
    throw new EmbeddedPostgresError(
      `The database in ${clusterDir} was made by PostgreSQL ${clusterMajor}, and the installed programs are PostgreSQL ${binariesVersion}. ` +
        `Install the version of the project that came with PostgreSQL ${clusterMajor}, or move the data with pg_dump and pg_restore of ` +
        `PostgreSQL ${clusterMajor}, or set VEDETTE_DATA_DIR to another folder to begin anew.`,
    );
  }
}

/** Removes what killed first starts left. Must be called under the start lock, or it would remove what another process is making. */
export async function removeUnfinished(dataDir: string): Promise<void> {
  for (const entry of await readdir(dataDir)) {
    if (entry.startsWith(UNFINISHED_PREFIX)) {
      // An orphaned initdb may still be writing there: what cannot be removed now is removed at the next start.
      await rm(join(dataDir, entry), { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

/** Makes a cluster with a random superuser password. It appears under its final name complete, or not at all. */
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
    // initdb accepts an empty folder only, so the password joins the cluster after it.
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
      `The password of the database in ${clusterDir} cannot be read from ${path} (${errorCode(error) ?? 'unknown error'}). ` +
        'Restore that file, or set VEDETTE_DATA_DIR to another folder to begin anew.',
      { cause: error },
    );
  }
}

/** Gives a cluster that root owns (one copied or restored by root) to the user who runs the server. */
export async function giveCluster(clusterDir: string, user: ServerUser | undefined): Promise<void> {
  if (user === undefined || (await stat(clusterDir)).uid === user.uid) {
    return;
  }
  for (const entry of await readdir(clusterDir, { recursive: true })) {
    await lchown(join(clusterDir, entry), user.uid, user.gid);
  }
  // The folder itself comes last: its owner is what tells a finished change from one that was interrupted.
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
