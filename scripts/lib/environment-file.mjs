// Runs before anything is installed: Node's own modules only.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root } from './prepare.mjs';

/** Reads `.env` of Vedette's own folder, if there is one. Variables that are set already, even empty ones, win. */
export function loadEnvironmentFile() {
  const file = path.join(root, '.env');
  if (existsSync(file)) process.loadEnvFile(file);
}
