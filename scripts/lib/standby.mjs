// A process that loads the packages, which takes more than half of a start, and then waits for a message. After it, the
// process loads the script and our own modules, so it runs the newest build.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './prepare.mjs';

const script = path.join(root, process.argv[2]);

const isTold = new Promise((resolve) => process.once('message', resolve));
const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
// A package may have no entry point, or be removed. Then its import by the application fails, not this one.
for (const name of Object.keys(dependencies)) await import(name).catch(() => {});

await isTold;
// The script finds its folder by its name in argv.
process.argv.splice(1, 2, script);
await import(pathToFileURL(script).href);
