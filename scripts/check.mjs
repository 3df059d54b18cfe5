// `npm run check`: runs every check that is not a test, then lists the failed ones.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { build, install, root } from './lib/prepare.mjs';

install();
build();

const node = (args, options = {}) =>
  spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', maxBuffer: 64 << 20, ...options });
const tool = (file, ...args) =>
  node([path.join(root, 'node_modules', file), ...args], { stdio: 'inherit' }).status === 0;

const dataDir = mkdtempSync(path.join(os.tmpdir(), 'vedette-check-'));
// As root the embedded PostgreSQL runs as another user, who must be able to enter the folder.
chmodSync(dataDir, 0o711);
const port = await freePort();
const env = {
  ...process.env,
  VEDETTE_DATA_DIR: dataDir,
  PORT: String(port),
  VEDETTE_ADMIN_PASSWORD: 'only for this check',
  DATABASE_URL: '',
};
const failures = [];

await check('lint', () => tool('eslint/bin/eslint.js', '.', '--max-warnings', '0'));
await check('format', () => tool('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'));
await check('spelling', () => node(['scripts/spelling.mjs'], { stdio: 'inherit' }).status === 0);
await check('types', () => tool('typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json'));
await check('import rules', () =>
  tool('dependency-cruiser/bin/dependency-cruise.mjs', '--config', '.dependency-cruiser.cjs', 'src'),
);
await check(
  'no circles of folders',
  () => node(['scripts/checks/folder-circles.mjs'], { stdio: 'inherit' }).status === 0,
);
await check(
  'each table has one owner',
  () => node(['scripts/checks/table-owners.mjs'], { stdio: 'inherit' }).status === 0,
);
await check('the built application starts, answers and stops', bootsOnce);
await check(
  'the schema has no drift',
  () => node(['dist/src/cli/main.js', 'schema', 'check'], { env, stdio: 'inherit' }).status === 0,
);
await check('docs/openapi.json is current', openApiIsCurrent);
await check(
  'docs/configuration.md and .env.example are current',
  () => node(['scripts/docs.mjs', '--check'], { stdio: 'inherit' }).status === 0,
);
await check(
  'docs/schema.sql and docs/sql are current',
  () => node(['scripts/docs-sql.mjs', '--check'], { env, stdio: 'inherit' }).status === 0,
);

rmSync(dataDir, { recursive: true, force: true });
if (failures.length > 0) {
  console.error(`\nfailed: ${failures.join('; ')}`);
  process.exit(1);
}
console.log('\nall checks passed');

async function check(name, work) {
  console.log(`\n== ${name}`);
  const passed = await work();
  console.log(passed ? 'ok' : 'FAILED');
  if (!passed) failures.push(name);
}

async function bootsOnce() {
  const child = spawn(process.execPath, ['dist/src/main.js'], { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.resume();
  const exit = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  const answers = await waitFor(async () => {
    const [ready, docs] = await Promise.all([
      fetch(`http://127.0.0.1:${port}/health/ready`),
      fetch(`http://127.0.0.1:${port}/docs-json`),
    ]);
    return ready.ok && docs.ok;
  });
  child.kill('SIGTERM');
  const code = await exit;
  if (code !== 0) console.error(`it stopped with exit code ${code}`);
  return answers && code === 0;
}

function openApiIsCurrent() {
  const { status, stdout, stderr } = node(['dist/src/cli/main.js', 'openapi'], { env });
  if (status !== 0) {
    console.error(stderr);
    return false;
  }
  const isCurrent = stdout === readFileSync(path.join(root, 'docs/openapi.json'), 'utf8');
  if (!isCurrent) console.error('docs/openapi.json is not current. Update it with: npm run openapi');
  return isCurrent;
}

async function waitFor(condition, seconds = 60) {
  for (
    const end = Date.now() + seconds * 1000;
    Date.now() < end;
    await new Promise((resolve) => setTimeout(resolve, 250))
  ) {
    if (await condition().catch(() => false)) return true;
  }
  return false;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port: free } = server.address();
      server.close(() => resolve(free));
    });
  });
}
