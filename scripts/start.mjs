// `npm start`: installs what is missing, builds what is stale, and runs Vedette in this very process, so that signals reach it.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, install, root } from './lib/prepare.mjs';

process.chdir(root);
install();
build();
await import(pathToFileURL(path.join(root, 'dist/src/main.js')).href);
