// `npm start`: installs missing packages, builds stale code, and runs Vedette in this process, which gets the signals.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadEnvironmentFile } from './lib/environment-file.mjs';
import { build, install, root } from './lib/prepare.mjs';
import { stopWithNpm } from './lib/stop-with-parent.mjs';

const isNpmGone = stopWithNpm();
process.chdir(root);
install();
build();
if (isNpmGone()) process.exit(143);
loadEnvironmentFile();
await import(pathToFileURL(path.join(root, 'dist/src/main.js')).href);
