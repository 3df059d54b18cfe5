// `npm run test:one PATH [-- -t NAME]`: runs the tests of one file of any project. Builds first only if the tests use
// the build. `--unit` instead of a path: all unit tests, which need neither a build nor a database.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { install, build, root } from './lib/prepare.mjs';
import { needsBuild, projectOf } from './lib/test-files.mjs';

install();
const args = process.argv.slice(2);
process.exit(args[0] === '--unit' ? jest(['--selectProjects', 'unit', ...args.slice(1)]) : one(args));

function one([given, ...others]) {
  if (given === undefined || given.startsWith('-')) {
    console.error('usage: npm run test:one PATH [-- -t NAME]');
    return 2;
  }
  // npm runs scripts in the project's folder. INIT_CWD is the folder in which it was called.
  const file = path.resolve(process.env.INIT_CWD ?? process.cwd(), given);
  const project = projectOf(file);
  if (project === undefined) {
    console.error(`${given} is not a test: Jest knows src/**/*.spec.ts, test/support/**/*.spec.ts,`);
    console.error('test/integration/**/*.test.ts and test/e2e/**/*.test.ts, and the file must exist.');
    return 1;
  }
  if (project === 'e2e' || needsBuild(file)) build();
  // Without `--` before it, npm uses `-t` itself and passes only the name on.
  const options = others[0] && !others[0].startsWith('-') ? ['-t', ...others] : others;
  return jest(['--selectProjects', project, ...options, '--runTestsByPath', file]);
}

function jest(args) {
  const { status } = spawnSync(process.execPath, [path.join(root, 'node_modules/jest/bin/jest.js'), ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, NODE_ENV: 'test' },
  });
  return status ?? 1;
}
