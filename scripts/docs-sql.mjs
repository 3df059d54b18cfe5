// `npm run docs:sql`: writes docs/schema.sql and docs/sql from the migrations and the code.
// With `--check` it writes nothing, and fails if they differ.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, install, root } from './lib/prepare.mjs';

install();
build();
const { printSql } = await import('./sql/print-sql.mjs');

/** Written by hand. */
const KEPT = ['docs/sql/README.md'];

const texts = await printSql();
const stale = [...texts].filter(([file, text]) => read(file) !== text).map(([file]) => file);
const left = filesIn('docs/sql').filter((file) => !texts.has(file) && !KEPT.includes(file));
if (process.argv.includes('--check')) {
  for (const file of stale) console.error(`${file} is not current`);
  for (const file of left) console.error(`${file} has no statement any more`);
  if (stale.length + left.length > 0) {
    console.error('update them with: npm run docs:sql');
    process.exitCode = 1;
  }
} else {
  for (const file of left) rmSync(path.join(root, file));
  for (const file of stale) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), texts.get(file));
  }
  console.log(`${texts.size} files are current: ${stale.length} written, ${left.length} removed`);
}

function read(file) {
  try {
    return readFileSync(path.join(root, file), 'utf8');
  } catch {
    return undefined;
  }
}

function filesIn(folder) {
  try {
    return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).replaceAll(path.sep, '/'));
  } catch {
    return [];
  }
}
