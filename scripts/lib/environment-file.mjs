// Runs before packages are installed, so it uses only Node's own modules.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from './prepare.mjs';

/** Reads `.env` in Vedette's own folder, if it exists. Variables that are already set, even to nothing, stay. */
export function loadEnvironmentFile() {
  const file = path.join(root, '.env');
  if (existsSync(file)) process.loadEnvFile(file);
}
