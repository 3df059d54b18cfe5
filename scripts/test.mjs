// `npm test`: runs all suites on a built application, and prints the result in one last line. Arguments go to Jest.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { build, install, root } from './lib/prepare.mjs';

install();
build();

const folder = mkdtempSync(path.join(os.tmpdir(), 'vedette-tests-'));
const report = path.join(folder, 'report.json');
const jest = path.join(root, 'node_modules/jest/bin/jest.js');
const { status } = spawnSync(
  process.execPath,
  [jest, '--json', `--outputFile=${report}`, '--silent=false', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: ['inherit', 'ignore', 'inherit'],
    env: { ...process.env, NODE_ENV: 'test' },
  },
);

let counts;
try {
  counts = JSON.parse(readFileSync(report, 'utf8'));
} catch {
  counts = { numPassedTests: 0, numFailedTests: 1, numPendingTests: 0, numTodoTests: 0, numRuntimeErrorTestSuites: 0 };
}
rmSync(folder, { recursive: true, force: true });
// A file that could not run counts as a failure, although Jest counts no test in it.
const failed = counts.numFailedTests + counts.numRuntimeErrorTestSuites;
const isEmpty = counts.numPassedTests + failed === 0;
console.log(
  `tests: ${counts.numPassedTests} passed, ${failed} failed, ${counts.numPendingTests + counts.numTodoTests} skipped`,
);
process.exit(status === 0 && failed === 0 && !isEmpty ? 0 : 1);
