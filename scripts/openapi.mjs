// `npm run openapi`: builds, and writes docs/openapi.json from the built application. `npm run check` compares the two.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { build, install, root } from './lib/prepare.mjs';

install();
build();
// A separate database, because the document must not depend on the data of a deployment.
const dataDir = mkdtempSync(path.join(os.tmpdir(), 'vedette-openapi-'));
// As root the embedded PostgreSQL runs as another user, who must be able to enter the folder.
chmodSync(dataDir, 0o711);
const { status } = spawnSync(process.execPath, ['dist/src/cli/main.js', 'openapi', '--out', 'docs/openapi.json'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, VEDETTE_DATA_DIR: dataDir, DATABASE_URL: '', VEDETTE_DEMO: '' },
});
rmSync(dataDir, { recursive: true, force: true });
if (status === 0) console.log('wrote docs/openapi.json');
process.exit(status ?? 1);
