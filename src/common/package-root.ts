import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';

/**
 * The folder that holds Vedette's package.json: where `data/`, `dist/` and the embedded PostgreSQL's binaries are found, whichever folder the process was
 * started from. Found from the running script, because `import.meta` does not exist where Jest compiles to CommonJS.
 */
export function packageRoot(): string {
  const script = process.argv[1];
  for (const start of [script && existsSync(script) ? path.dirname(realpathSync(script)) : undefined, process.cwd()]) {
    for (let folder = start; folder; folder = path.dirname(folder)) {
      if (existsSync(path.join(folder, 'package.json')) && existsSync(path.join(folder, 'data'))) return folder;
      if (folder === path.dirname(folder)) break;
    }
  }
  throw new Error('cannot find the folder of Vedette: start it from its own folder');
}
