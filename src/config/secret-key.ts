import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Environment } from './environment.js';
import { dataFolder } from './read-environment.js';

/**
 * The key for all secrets: `VEDETTE_SECRET_KEY`, or a random one in the data folder that only the owner can read. The
 * file is created exclusively, so that two processes that start at once use the same key.
 */
export async function loadSecretKey(environment: Environment): Promise<string> {
  if (environment.VEDETTE_SECRET_KEY) return environment.VEDETTE_SECRET_KEY;
  const file = path.join(dataFolder(environment), 'secret.key');
  await mkdir(path.dirname(file), { recursive: true });
  try {
    const key = randomBytes(48).toString('base64');
    await writeFile(file, `${key}\n`, { flag: 'wx', mode: 0o600 });
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const key = (await readFile(file, 'utf8')).trim();
  if (key.length < 32) throw new Error(`${file} contains no valid key: restore it from a backup`);
  return key;
}
