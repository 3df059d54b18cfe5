import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/databases.js';
import { layerFaults } from '../support/navigator-layer-schema.js';
import { eventually, SECRET_KEY, VedetteProcess } from '../support/vedette-process.js';

const ORGANIZATION = ['--organization', 'default-organisation'];
const MEBIBYTE = 1024 * 1024;

let database: TestDatabase;
let vedette: VedetteProcess;
let env: Record<string, string>;
let token: string;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'vedette-files-'));
  database = await createTestDatabase();
  env = { DATABASE_URL: database.url };
  vedette = await VedetteProcess.start(env);
  token = await vedette.signIn();
});

afterAll(async () => {
  await vedette?.stop();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the built command line while the server runs, and returns its output. */
async function run(...args: string[]): Promise<string> {
  const cli = path.resolve('dist/src/cli/main.js');
  const cliEnv = { PATH: process.env.PATH, DATABASE_URL: database.url, VEDETTE_SECRET_KEY: SECRET_KEY };
  const { stdout } = await promisify(execFile)(process.execPath, [cli, ...args], { env: cliEnv });
  return stdout;
}

const fileWith = (name: string, content: string): string => {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
};

const aLayer = (scores: Record<string, number>, facts: object = {}): string =>
  JSON.stringify({
    name: 'Our rules',
    versions: { attack: '18', navigator: '5.2.0', layer: '4.5' },
    domain: 'enterprise-attack',
    techniques: Object.entries(scores).map(([techniqueID, score]) => ({ techniqueID, score })),
    ...facts,
  });

const statusOf = async (attackId: string): Promise<string> =>
  (await vedette.api('GET', `/techniques/${attackId}`, { token })).status_global;

it('previews on the command line, applies with --apply, names the command for undo, and undoes', async () => {
  // In every release that this test uses, T1059.001 has replaced T1086, and T1064 is deprecated.
  const file = fileWith('layer.json', aLayer({ T1003: 4, T1086: 2, T1064: 1, T9999: 1 }));
  const preview = await run('import', 'layer', file, ...ORGANIZATION, '--preset', 'rule_count');
  expect(preview).toContain('T1003  not_evaluated -> partial  (score 4)');
  expect(preview).toContain('T1086 -> T1059.001');
  expect(preview).toContain('T9999: unknown');
  expect(preview).toContain('T1064: deprecated');
  expect(await statusOf('T1003')).toBe('not_evaluated');
  const applied = await run('import', 'layer', file, ...ORGANIZATION, '--preset', 'rule_count', '--apply');
  expect([await statusOf('T1003'), await statusOf('T1059.001')]).toEqual(['partial', 'partial']);
  const [, id] = /npx vedette import undo (\S+)/.exec(applied)!;
  await run('import', 'undo', id!, ...ORGANIZATION);
  expect(await statusOf('T1003')).toBe('not_evaluated');
});

it('exits with the reason and changes nothing if the file cannot be used', async () => {
  const layer = fileWith('broken.json', '{"name": ');
  for (const [args, message] of [
    [['layer', layer, '--preset', 'rule_count'], /ends before its JSON document does/],
    [['csv', path.join(folder, 'nowhere.csv'), '--option', 'on_conflict=only_unset'], /there is no such file/],
  ] as const) {
    await expect(run('import', ...args, ...ORGANIZATION)).rejects.toThrow(message);
  }
});

it('writes layers that Navigator opens, and CSV that can be imported again', async () => {
  const out = path.join(folder, 'out.json');
  await run('export', 'posture', ...ORGANIZATION, '--format', 'navigator', '--out', out);
  const layer = JSON.parse(readFileSync(out, 'utf8'));
  expect(layerFaults(layer)).toEqual([]);
  expect(layer.techniques.length).toBeGreaterThan(600);
  const csv = await run('export', 'posture', ...ORGANIZATION, '--format', 'csv');
  const preview = await run('import', 'csv', fileWith('back.csv', csv), ...ORGANIZATION);
  expect(preview).toContain(`${layer.techniques.length} unchanged, 0 without a statement`);
  expect(preview).not.toContain('would change');
});

it('reads a large file while it answers other requests, and reports its progress', async () => {
  const content = aLayer({ T1003: 4 }, { description: 'x'.repeat(40 * MEBIBYTE) });
  const answer = await vedette.request('POST', '/api/v1/posture/imports?format=navigator&preset=rule_count', {
    token,
    body: content,
    headers: { 'content-type': 'application/octet-stream' },
  });
  expect([answer.status, answer.body.status]).toEqual([202, 'parsing']);
  await eventually(async () => {
    const { status, bytes_read: bytes } = await vedette.api('GET', `/posture/imports/${answer.body.id}`, { token });
    return status === 'previewed' && bytes === content.length;
  }, 'the large file is previewed');
});

it('leaves no partial import if it is killed in the middle', async () => {
  const { id } = await vedette.api('POST', '/posture/imports?format=json', {
    token,
    body: { items: ['T1001', 'T1005', 'T1110'].map((id) => ({ attack_id: id, status_global: 'in_progress' })) },
  });
  const other = new Client({ connectionString: database.url });
  await other.connect();
  await other.query('BEGIN');
  // The request to apply has locked the import and most of the techniques when it waits here.
  await other.query(
    `SELECT FROM posture p JOIN technique t ON t.id = p.technique_id WHERE t.attack_id IN ('T1001', 'T1005', 'T1110') ORDER BY t.id DESC LIMIT 1 FOR UPDATE OF p`,
  );
  const applying = vedette.request('POST', `/api/v1/posture/imports/${id}/apply`, { token }).catch(() => 'cut off');
  await eventually(async () => {
    const waiting = await database.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FOR NO KEY UPDATE%'`,
    );
    return waiting.length > 0;
  }, 'applying waits for the lock');
  await vedette.kill();
  expect(await applying).toBe('cut off');
  await other.query('ROLLBACK');
  await other.end();
  vedette = await VedetteProcess.start(env);
  expect(await vedette.api('GET', `/posture/imports/${id}`, { token })).toMatchObject({ status: 'previewed' });
  for (const attackId of ['T1001', 'T1005', 'T1110']) expect(await statusOf(attackId)).toBe('not_evaluated');
  await vedette.api('POST', `/posture/imports/${id}/apply`, { token });
  for (const attackId of ['T1001', 'T1005', 'T1110']) expect(await statusOf(attackId)).toBe('in_progress');
});

it('triggers the rules soon after an import is applied', async () => {
  await vedette.api('POST', '/rules', {
    token,
    body: { name: 'Any risk', rule_type: 'high_risk', severity: 'high', config: { min_risk_score: 99, min_count: 1 } },
  });
  const { id } = await vedette.api('POST', '/posture/imports?format=json', {
    token,
    body: { items: [{ attack_id: 'T1190', risk_score: 99.5 }] },
  });
  await vedette.api('POST', `/posture/imports/${id}/apply`, { token });
  let alertId = '';
  await eventually(async () => {
    const { items } = await vedette.api('GET', '/instances?rule_type=high_risk', { token });
    alertId = items.find((item: { rule_name: string }) => item.rule_name === 'Any risk')?.id ?? '';
    return alertId !== '';
  }, 'the alert fires');
  const layer = await vedette.api('GET', `/instances/${alertId}/export?format=navigator`, { token });
  expect(layerFaults(layer)).toEqual([]);
  expect(layer.techniques).toMatchObject([{ techniqueID: 'T1190', comment: 'not_evaluated, risk 99.5' }]);
});
