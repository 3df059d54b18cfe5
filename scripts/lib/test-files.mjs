import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { root } from './prepare.mjs';

/** The projects of jest.config.cjs, by the paths of their files. */
const PROJECTS = [
  ['unit', /^(src|test\/support)\/.+\.spec\.ts$/],
  ['integration', /^test\/integration\/.+\.test\.ts$/],
  ['e2e', /^test\/e2e\/.+\.test\.ts$/],
];

/** The Jest project of a test file; undefined if the file is not a test or does not exist. */
export function projectOf(file) {
  if (!existsSync(file) || !statSync(file).isFile()) return undefined;
  const name = path.relative(root, file).split(path.sep).join('/');
  return PROJECTS.find(([, pattern]) => pattern.test(name))?.[0];
}

/** Whether the test, or a file in `test/` that it imports, uses `dist/`. */
export function needsBuild(test) {
  const seen = new Set([test]);
  for (const file of seen) {
    const source = readFileSync(file, 'utf8');
    if (/['"`]dist\//.test(source)) return true;
    for (const [, name] of source.matchAll(/from '(\.[^']+)\.js'/g)) {
      const imported = path.resolve(path.dirname(file), `${name}.ts`);
      const isOfTests = imported.startsWith(path.join(root, 'test') + path.sep);
      if (isOfTests && existsSync(imported)) seen.add(imported);
    }
  }
  return false;
}
