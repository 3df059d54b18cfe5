import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { EmbeddedPostgresError, errorCode, EXTERNAL_SERVER_HINT } from './embedded-postgres.error.js';

const NOBODY_UID = 65534;

/** The user of the server, in the format of `child_process`. Undefined means the current user. */
export interface ServerUser {
  uid: number;
  gid: number;
}

/**
 * PostgreSQL refuses to run as root. Root therefore uses the owner of an existing cluster, or `nobody` for a new one,
 * because initdb needs a user with a passwd entry.
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
      'PostgreSQL cannot run as root, and /etc/passwd has no user "nobody" for it. ' +
        `Start as another user, or ${EXTERNAL_SERVER_HINT}.`,
    );
  }
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

/** Checks that `user` can reach the data folder and PostgreSQL's files. The error names the folder that blocks it. */
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
