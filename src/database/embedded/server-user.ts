import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EmbeddedPostgresError, errorCode, EXTERNAL_SERVER_HINT } from './embedded-postgres.error.js';

const NOBODY_UID = 65534;

/** The user the server runs as, in the shape that `child_process` takes; undefined stands for the current user. */
export interface ServerUser {
  uid: number;
  gid: number;
}

/**
 * PostgreSQL refuses to run as root. Root therefore runs it as the owner of the cluster that is there, or as `nobody` for a new one: initdb
 * needs a user with a passwd entry.
 */
export async function chooseServerUser(clusterDir: string): Promise<ServerUser | undefined> {
  if (process.platform === 'win32' || process.getuid === undefined) {
    return undefined;
  }
  const currentUid = process.getuid();
  const owner = await stat(clusterDir).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') {
      return undefined;
    }
    throw error;
  });
  if (currentUid !== 0) {
    if (owner !== undefined && owner.uid !== currentUid) {
      throw new EmbeddedPostgresError(
        `The database in ${clusterDir} belongs to uid ${owner.uid}, and this process runs as uid ${currentUid}. ` +
          'Start as that user or as root, or set VEDETTE_DATA_DIR to another folder.',
      );
    }
    return undefined;
  }
  return owner !== undefined && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : findNobody();
}

async function findNobody(): Promise<ServerUser> {
  const lines = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n');
  const entries = lines.map((line) => line.split(':')).filter((fields) => fields.length >= 4);
  const entry =
    entries.find((fields) => Number(fields[2]) === NOBODY_UID) ?? entries.find((fields) => fields[0] === 'nobody');
  if (entry === undefined) {
    throw new EmbeddedPostgresError(
      'PostgreSQL does not run as root, and /etc/passwd has no user "nobody" to run it as. ' +
        `Start as another user, or ${EXTERNAL_SERVER_HINT}.`,
    );
  }
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

/** Checks that `user` gets to the data folder and to PostgreSQL's own files, and names the folder that is in the way. */
export async function assertReachable(user: ServerUser | undefined, dataDir: string, nativeDir: string): Promise<void> {
  if (user === undefined) {
    return;
  }
  const blockedData = await findBlockingFolder(user, dataDir);
  if (blockedData !== undefined) {
    throw new EmbeddedPostgresError(
      `PostgreSQL does not run as root; it would run as uid ${user.uid}, who cannot enter ${blockedData}, so the data folder ${dataDir} is ` +
        'out of reach. Set VEDETTE_DATA_DIR to a folder outside it, allow others to enter it (chmod o+x), start as another user, or ' +
        `${EXTERNAL_SERVER_HINT}.`,
    );
  }
  for (const folder of ['bin', 'lib', join('share', 'postgresql')]) {
    const blocked = await findBlockingFolder(user, join(nativeDir, folder));
    if (blocked !== undefined) {
      throw new EmbeddedPostgresError(
        `PostgreSQL does not run as root; it would run as uid ${user.uid}, who cannot enter ${blocked}, so the programs in ${nativeDir} are ` +
          'out of reach. Move the project to a folder outside it, allow others to enter it (chmod o+x), start as another user, or ' +
          `${EXTERNAL_SERVER_HINT}.`,
      );
    }
  }
}

async function findBlockingFolder(user: ServerUser, folder: string): Promise<string | undefined> {
  const chain = [folder];
  for (let current = folder; current !== dirname(current);) {
    current = dirname(current);
    chain.unshift(current);
  }
  for (const current of chain) {
    const { mode, uid, gid } = await stat(current);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) {
      return current;
    }
  }
  return undefined;
}
