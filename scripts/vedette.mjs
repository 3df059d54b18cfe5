#!/usr/bin/env node
// The command line: `npx vedette ...` in the project's folder. File names are relative to the folder of the caller.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { loadEnvironmentFile } from './lib/environment-file.mjs';
import { build, install, root } from './lib/prepare.mjs';

install();
build();
loadEnvironmentFile();
await import(pathToFileURL(path.join(root, 'dist/src/cli/main.js')).href);
