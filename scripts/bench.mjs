// `npm run bench [-- name ...]`: the named benchmarks, or all of them, on a built application and a PostgreSQL of their own. See bench/README.md.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, install, root } from './lib/prepare.mjs';

process.chdir(root);
install();
build();
const { runBenchmarks } = await import(pathToFileURL(path.join(root, 'bench/run.mjs')).href);
await runBenchmarks(process.argv.slice(2));
