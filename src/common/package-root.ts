import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';

/**
 * The folder with Vedette's package.json. `data/`, `dist/` and the embedded PostgreSQL are relative to it, from any
 * working folder. It is found from the running script, because `import.meta` does not exist in CommonJS, which Jest
 * uses.
 */
export function packageRoot(): string {
  const script = process.argv[1];
  for (const start of [script && existsSync(script) ? path.dirname(realpathSync(script)) : undefined, process.cwd()]) {
    for (let folder = start; folder; folder = path.dirname(folder)) {
      if (existsSync(path.join(folder, 'package.json')) && existsSync(path.join(folder, 'data'))) return folder;
      if (folder === path.dirname(folder)) break;
    }
  }
  throw new Error('cannot find the folder of Vedette: start Vedette in its own folder');
}
