// A process that has loaded the packages, which takes more than half of a start, and waits for a message before it runs
// its script. It reads the script and our own modules only then, so that it runs the newest build.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './prepare.mjs';

const script = path.join(root, process.argv[2]);

const isTold = new Promise((resolve) => process.once('message', resolve));
const { dependencies } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
// A package may have no entry of its own, or be removed since: what cannot be loaded now fails where it is imported.
for (const name of Object.keys(dependencies)) await import(name).catch(() => {});

await isTold;
// The script finds its folder by the name that it was started under.
process.argv.splice(1, 2, script);
await import(pathToFileURL(script).href);
