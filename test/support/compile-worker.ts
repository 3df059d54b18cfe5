import { transformFileSync } from '@swc/core';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/common/package-root.js';

/**
 * Compiles a worker script and the files that it imports into a folder, because worker threads cannot run TypeScript.
 * If the script imports packages, the folder must be inside the project.
 * @param source the script, such as `src/catalogue/stix/stix-worker.ts`.
 * @returns the path of the compiled script.
 */
export function compileWorker(source: string, into: string): string {
  const root = packageRoot();
  const waiting = [path.join(root, source)];
  const compiled = new Set(waiting);
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const { code } = transformFileSync(file, {
      swcrc: false,
      jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022' },
      module: { type: 'es6' },
    });
    const target = path.join(into, path.relative(root, file).replace(/\.ts$/, '.js'));
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, code);
    for (const [, imported] of code.matchAll(/from\s*["'](\.[^"']+)\.js["']/g)) {
      const next = path.join(path.dirname(file), `${imported}.ts`);
      if (!compiled.has(next)) waiting.push(next);
      compiled.add(next);
    }
  }
  writeFileSync(path.join(into, 'package.json'), '{"type": "module"}');
  return path.join(into, source.replace(/\.ts$/, '.js'));
}
