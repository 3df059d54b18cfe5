// `npm run bench [-- name ...]`: builds, then runs the named benchmarks or all of them. See bench/README.md.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, install, root } from './lib/prepare.mjs';

process.chdir(root);
install();
build();
const { runBenchmarks } = await import(pathToFileURL(path.join(root, 'bench/run.mjs')).href);
await runBenchmarks(process.argv.slice(2));
