#!/usr/bin/env node
// The command line: `npx vedette ...` in the project's folder. File names are taken as seen from where it was called.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, install, root } from './lib/prepare.mjs';

install();
build();
await import(pathToFileURL(path.join(root, 'dist/src/cli/main.js')).href);
