// `npm run docs`: writes docs/configuration.md and .env.example from the sources.
// With `--check` it writes nothing, and fails if one of them is not current.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { build, install, root } from './lib/prepare.mjs';

install();
build();
const { environmentDocs } = await import('./lib/environment-docs.mjs');
const isCheck = process.argv.includes('--check');

for (const [name, text] of Object.entries(await environmentDocs())) {
  const file = path.join(root, name);
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue;
  if (isCheck) {
    console.error(`${name} is not current. Update it with: npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, text);
    console.log(`wrote ${name}`);
  }
}
