import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { newId } from '../../src/common/ids.js';
import { ImportsModule } from '../../src/imports/imports.module.js';
import { PostureImportUploads } from '../../src/imports/preview/posture-import-uploads.js';
import { PostureModule } from '../../src/posture/posture.module.js';
import { compileWorker } from '../support/compile-worker.js';
import { aMember, anOrganization, aPosture, aTechnique } from '../support/factories.js';
import type { Answer, TestHttp } from '../support/http.js';
import { aCaller, markedChanges, startPostureHttp, type Caller } from '../support/posture-http.js';
import { NOW } from '../support/test-module.js';

const MAX_BYTES = 200_000;
const BACKGROUND_FROM_BYTES = 100_000;
const DAY_MS = 24 * 3_600_000;

let http: TestHttp;
let folder: string;
let lead: Caller;
const ids: Record<string, string> = {};

beforeAll(async () => {
  mkdirSync('.vedette-test', { recursive: true });
  folder = mkdtempSync(path.resolve('.vedette-test/imports-'));
  const workerFile = compileWorker('src/imports/reading/posture-file-worker.ts', path.join(folder, 'built'));
  mkdirSync(path.join(folder, 'temporary'));
  const settings = {
    maxBytes: MAX_BYTES,
    backgroundFromBytes: BACKGROUND_FROM_BYTES,
    temporaryFolder: path.join(folder, 'temporary'),
    workerFile,
  };
  http = await startPostureHttp([PostureModule, ImportsModule.withSettings(settings)]);
  for (const attackId of ['T1001', 'T1002', 'T1003', 'T1004', 'T1059', 'T1059.001']) {
    ids[attackId] = await aTechnique(http.database, { attackId });
  }
  ids.T1600 = await aTechnique(http.database, { attackId: 'T1600' });
  await aTechnique(http.database, { attackId: 'T1500', isRevoked: true, replacedById: ids.T1600 });
  await aTechnique(http.database, { attackId: 'T1501', isRevoked: true });
  await aTechnique(http.database, { attackId: 'T1502', isDeprecated: true });
});

afterAll(async () => {
  await http.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  http.clock.set(NOW);
  lead = await aCaller(http);
});

// After every upload its temporary folder is gone, unless the file is still being read.
afterEach(async () => {
  await until(() => readdirSync(path.join(folder, 'temporary')).length === 0);
});

async function until(test: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if (await test()) return;
    await sleep(25);
  }
  throw new Error('it did not come about in ten seconds');
}

const aLayer = (scores: Record<string, number | undefined>, facts: object = {}): string =>
  JSON.stringify({
    name: 'Our rules',
    versions: { attack: '18', navigator: '5.2.0', layer: '4.5' },
    domain: 'enterprise-attack',
    techniques: Object.entries(scores).map(([techniqueID, score]) => ({ techniqueID, score })),
    ...facts,
  });

function upload(content: string | Buffer, query: string, caller = lead): Promise<Answer> {
  return http.request('POST', `/api/v1/posture/imports?${query}`, {
    token: `red_lead ${caller.organizationId} ${caller.userId}`,
    body: content,
    headers: { 'content-type': 'application/octet-stream' },
  });
}

const preview = (scores: Record<string, number | undefined>, query = ''): Promise<Answer> =>
  upload(aLayer(scores), `format=navigator&preset=rule_count${query && `&${query}`}`);

const apply = (id: string, body: object = {}, caller = lead): Promise<Answer> =>
  caller.send('POST', `/posture/imports/${id}/apply`, body);

const undo = (id: string): Promise<Answer> => lead.send('POST', `/posture/imports/${id}/undo`, {});

async function applied(scores: Record<string, number | undefined>): Promise<string> {
  const { body } = await preview(scores);
  expect(await apply(body.id)).toMatchObject({ status: 200, body: { status: 'applied' } });
  return body.id;
}

async function statuses(organizationId = lead.organizationId): Promise<Record<string, string>> {
  const rows = await http.database.query<{ attack_id: string; status_global: string }>(
    `SELECT t.attack_id, p.status_global FROM posture p JOIN technique t ON t.id = p.technique_id
     WHERE p.organization_id = $1 AND p.status_global <> 'not_evaluated' ORDER BY t.attack_id`,
    [organizationId],
  );
  return Object.fromEntries(rows.map(({ attack_id: id, status_global: status }) => [id, status]));
}

const known = (attackId: string, statusGlobal: 'validated' | 'partial' | 'not_covered'): Promise<void> =>
  aPosture(http.database, lead.organizationId, ids[attackId]!, { statusGlobal });

describe('a preview', () => {
  it('shows the changes, and makes none', async () => {
    await known('T1003', 'validated');
    await known('T1004', 'partial');
    const answer = await preview({
      T1001: 3,
      T1002: 0,
      T1003: 1,
      T1004: 7,
      T1059: undefined,
      T1500: 2,
      T1501: 1,
      T1502: 1,
      T1999: 4,
    });
    expect(answer).toMatchObject({
      status: 201,
      body: {
        status: 'previewed',
        already_applied: false,
        format: 'navigator',
        preset: 'rule_count',
        options: { partial_min: 1, disabled: 'ignore', on_conflict: 'keep_higher' },
        source_name: 'Our rules',
        attack_version: '18',
        created_by: lead.userId,
        counts: {
          entries: 9,
          techniques: 9,
          changed: 3,
          unchanged: 2,
          kept: 1,
          silent: 1,
          unmapped: 1,
          out_of_scope: 2,
          remapped: 1,
          problems: 0,
        },
        changes: [
          {
            attack_id: 'T1001',
            before: { status_global: 'not_evaluated' },
            after: { status_global: 'partial' },
            because: 'score 3',
          },
          { attack_id: 'T1002', after: { status_global: 'not_covered' } },
          { attack_id: 'T1600', after: { status_global: 'partial' }, remapped_from: ['T1500'] },
        ],
        kept: [{ attack_id: 'T1003', status: 'validated', proposed: 'partial', reason: 'higher' }],
        unmapped: [{ attack_id: 'T1999', reason: 'unknown' }],
        out_of_scope: [
          { attack_id: 'T1501', reason: 'revoked' },
          { attack_id: 'T1502', reason: 'deprecated' },
        ],
        remapped: [{ attack_id: 'T1500', to_attack_id: 'T1600' }],
      },
    });
    expect(await statuses()).toEqual({ T1003: 'validated', T1004: 'partial' });
    expect(await markedChanges(http, lead.organizationId)).toEqual([]);
    expect((await lead.get(`/posture/imports/${answer.body.id}`)).body).toEqual(answer.body);
    const second = await lead.get(`/posture/imports/${answer.body.id}/changes?limit=1&offset=1`);
    expect(second.body).toMatchObject({ total: 3, items: [{ attack_id: 'T1002' }] });
  });

  it('hints at scores that are from 0 to 1, and keeps the hint', async () => {
    const layer = aLayer({ T1001: 0.9 }, { gradient: { colors: [], minValue: 0, maxValue: 1 } });
    const plain = await upload(layer, 'format=navigator&preset=score_0_100');
    expect(plain.body).toMatchObject({
      changes: [{ attack_id: 'T1001', after: { status_global: 'not_covered' } }],
      hints: [expect.stringContaining('scale_by_gradient=true')],
    });
    expect((await apply(plain.body.id)).status).toBe(200);
    expect((await lead.get(`/posture/imports/${plain.body.id}`)).body.hints).toEqual(plain.body.hints);
    const scaled = await upload(layer, 'format=navigator&preset=score_0_100&scale_by_gradient=true');
    expect(scaled.body).toMatchObject({ hints: [], changes: [{ because: 'scaled score 90' }] });
  });

  it('names the place of text that cannot be stored, and applies the rest', async () => {
    const items = [
      { attack_id: 'T1001', tags: ['red', 'half\ud800'] },
      { attack_id: 'T1002', status_global: 'partial', tags: ['😀'] },
    ];
    const { status, body } = await upload(JSON.stringify({ items }), 'format=json');
    expect([status, body.problems]).toEqual([
      201,
      [{ at: 'items[0].tags', message: expect.stringContaining('must be a list of at most 20 tags') }],
    ]);
    expect((await apply(body.id)).status).toBe(200);
    expect(await statuses()).toEqual({ T1002: 'partial' });
    expect((await lead.send('PUT', '/posture', { items: items.slice(0, 1) })).status).toBe(400);
  });

  it('says that the catalogue has no release of the domain', async () => {
    const answer = await upload(
      aLayer({ T1001: 1 }, { domain: 'mobile-attack' }),
      'format=navigator&preset=rule_count',
    );
    expect(answer.body).toMatchObject({
      counts: { changed: 0, unmapped: 1 },
      unmapped: [{ reason: 'domain_not_loaded' }],
    });
  });

  it('replaces an earlier preview of the same file, also if both are sent at once', async () => {
    const answers = await Promise.all(Array.from({ length: 4 }, () => preview({ T1001: 1 })));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    const other = await preview({ T1001: 1 }, 'partial_min=2');
    expect(other.body.id).not.toBe(answers[0]!.body.id);
    expect((await lead.get('/posture/imports')).body).toMatchObject({ total: 2 });
  });

  it('takes a form, whose fields are options', async () => {
    const boundary = 'between-parts';
    const part = (name: string, content: string, file = ''): string =>
      `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${file}\r\n\r\n${content}\r\n`;
    const form = `${part('format', 'csv')}${part('on_conflict', 'only_unset')}${part('file', 'attack_id;risk_score\nT1001;50\n', '; filename="C:\\\\mine\\\\risk.csv"')}--${boundary}--\r\n`;
    const answer = await http.request('POST', '/api/v1/posture/imports', {
      token: `admin ${lead.organizationId} ${lead.userId}`,
      body: form,
      headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    });
    expect(answer).toMatchObject({
      status: 201,
      body: {
        file_name: 'risk.csv',
        preset: 'as_given',
        options: { on_conflict: 'only_unset' },
        changes: [{ after: { risk_score: 50 } }],
      },
    });
  });
});

describe('applying', () => {
  it('writes the changes of the preview with their author and source, and triggers the rules', async () => {
    const { body } = await preview({ T1001: 3, T1002: 0 });
    http.clock.advanceMs(1_000);
    expect(await apply(body.id)).toMatchObject({
      status: 200,
      body: {
        status: 'applied',
        applied_by: lead.userId,
        applied_at: '2026-03-10T12:00:01.000Z',
        counts: { changed: 2 },
      },
    });
    expect(await statuses()).toEqual({ T1001: 'partial', T1002: 'not_covered' });
    const rows = await http.database.query(
      'SELECT change_source, change_id, updated_by, updated_at, version FROM posture WHERE organization_id = $1 AND technique_id = $2',
      [lead.organizationId, ids.T1001],
    );
    expect(rows).toEqual([
      {
        change_source: 'import',
        change_id: body.id,
        updated_by: lead.userId,
        updated_at: new Date(NOW.getTime() + 1_000),
        version: 2,
      },
    ]);
    expect(await markedChanges(http, lead.organizationId)).toEqual(['posture']);
  });

  it('uses the date of a DeTT&CT score as the review date', async () => {
    const file = `file_type: technique-administration\ntechniques:\n- technique_id: T1001\n  detection: {score_logbook: [{date: 2026-01-05, score: 4}]}\n`;
    const { body } = await upload(file, 'format=dettect');
    await apply(body.id);
    expect((await lead.get('/techniques/T1001')).body).toMatchObject({
      status_global: 'validated',
      last_review_date: '2026-01-05T00:00:00.000Z',
    });
  });

  it('sets every field of a CSV file, and accepts only members as owners', async () => {
    const { email, userId } = await aMember(http.database, lead.organizationId);
    const { email: stranger } = await aMember(http.database, await anOrganization(http.database));
    const file = `attack_id,status_global,last_review_date,risk_score,owner_email\nT1001,validated,2026-03-01,62.5,${email}\nT1002,partial,,,${stranger}\n`;
    const { body } = await upload(file, 'format=csv');
    expect(body).toMatchObject({
      counts: { changed: 1, problems: 1 },
      problems: [{ at: 'line 3.owner_email', message: 'is not an active member of this organisation' }],
    });
    await apply(body.id);
    expect((await lead.get('/techniques/T1001')).body).toMatchObject({
      status_global: 'validated',
      last_review_date: '2026-03-01T00:00:00.000Z',
      risk_score: 62.5,
      owner_id: userId,
    });
    expect((await lead.get('/techniques/T1002')).body).toMatchObject({ status_global: 'not_evaluated' });
  });

  it('happens once if two requests compete', async () => {
    const { body } = await preview({ T1001: 3, T1002: 0 });
    const answers = await Promise.all([apply(body.id), apply(body.id), apply(body.id)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
    expect(answers.find(({ status }) => status === 409)!.body).toMatchObject({
      code: 'invalid_transition',
      current_status: 'applied',
    });
    const versions = await http.database.query('SELECT FROM posture_history WHERE organization_id = $1', [
      lead.organizationId,
    ]);
    expect(versions).toHaveLength(2);
  });

  it('runs overlapping imports one after the other, and the second reports what has changed', async () => {
    const [one, other] = [
      await preview({ T1001: 3, T1002: 1 }),
      await preview({ T1001: 0, T1002: 0 }, 'on_conflict=overwrite'),
    ];
    const answers = await Promise.all([apply(one.body.id), apply(other.body.id)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(answers.find(({ status }) => status === 409)!.body.moved_total).toBe(2);
  });

  it('refuses if the posture has changed since, names the techniques, and plans again on request', async () => {
    const { body } = await preview({ T1001: 3, T1002: 1, T1003: 1 });
    await lead.send('PUT', '/posture', {
      items: [
        { attack_id: 'T1001', status_global: 'in_progress' },
        { attack_id: 'T1003', status_global: 'validated' },
      ],
    });
    const refused = await apply(body.id);
    expect(refused).toMatchObject({
      status: 409,
      body: {
        code: 'conflict',
        errors: [{ field: 'replan' }],
        moved_total: 2,
        moved: [
          {
            attack_id: 'T1001',
            previewed: { from: 'not_evaluated', to: 'partial' },
            now: { from: 'in_progress', to: 'partial' },
          },
          { attack_id: 'T1003', previewed: { from: 'not_evaluated', to: 'partial' }, now: null },
        ],
      },
    });
    expect(await statuses()).toEqual({ T1001: 'in_progress', T1003: 'validated' });
    expect((await lead.get(`/posture/imports/${body.id}`)).body.status).toBe('previewed');
    expect(await apply(body.id, { replan: true })).toMatchObject({
      status: 200,
      body: { counts: { changed: 2, kept: 1 } },
    });
    expect(await statuses()).toEqual({ T1001: 'partial', T1002: 'partial', T1003: 'validated' });
    expect(await undo(body.id)).toMatchObject({ body: { restored: 2 } });
    expect(await statuses()).toEqual({ T1001: 'in_progress', T1003: 'validated' });
  });

  it('leaves no partial result if it fails at the end', async () => {
    const { body } = await preview({ T1001: 3, T1002: 1 });
    await http.database.query(`
      CREATE FUNCTION fail_here() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$;
      CREATE TRIGGER fail_here BEFORE UPDATE ON posture_import FOR EACH ROW WHEN (new.status = 'applied') EXECUTE FUNCTION fail_here()`);
    try {
      expect((await apply(body.id)).status).toBe(500);
    } finally {
      await http.database.query('DROP FUNCTION fail_here CASCADE');
    }
    expect(await statuses()).toEqual({});
    expect(await markedChanges(http, lead.organizationId)).toEqual([]);
    expect((await apply(body.id)).status).toBe(200);
  });

  it('leaves no partial result if its connection is cut in the middle', async () => {
    const { body } = await preview({ T1001: 3, T1002: 1 });
    const other = http.module.get(DataSource).createQueryRunner();
    await other.startTransaction();
    await other.query('SELECT FROM posture WHERE organization_id = $1 AND technique_id = $2 FOR UPDATE', [
      lead.organizationId,
      ids.T1002,
    ]);
    const applying = apply(body.id);
    const waiting = async (): Promise<{ pid: number }[]> =>
      http.database.query(
        `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FOR NO KEY UPDATE%'`,
      );
    await until(async () => (await waiting()).length === 1);
    await http.database.query('SELECT pg_terminate_backend($1)', [(await waiting())[0]!.pid]);
    expect((await applying).status).toBe(503);
    await other.rollbackTransaction();
    await other.release();
    expect(await statuses()).toEqual({});
    expect((await lead.get(`/posture/imports/${body.id}`)).body.status).toBe('previewed');
    expect((await apply(body.id)).status).toBe(200);
  });

  it('is refused for an expired preview', async () => {
    const { body } = await preview({ T1001: 3 });
    expect(body.expires_at).toBe(new Date(NOW.getTime() + 7 * DAY_MS).toISOString());
    http.clock.advanceMs(7 * DAY_MS);
    expect((await lead.get(`/posture/imports/${body.id}`)).body.status).toBe('expired');
    expect(await apply(body.id)).toMatchObject({ status: 409, body: { current_status: 'expired' } });
    expect((await preview({ T1001: 3 })).body).toMatchObject({ id: body.id, status: 'previewed' });
    expect((await apply(body.id)).status).toBe(200);
  });
});

describe('the same file again', () => {
  it('returns the applied import, until another is applied, it is undone, or a preview is forced', async () => {
    const id = await applied({ T1001: 3 });
    const again = await preview({ T1001: 3 });
    expect(again).toMatchObject({ status: 200, body: { id, status: 'applied', already_applied: true } });
    expect((await lead.get('/posture/imports')).body.total).toBe(1);
    expect(await preview({ T1001: 3 }, 'force=true')).toMatchObject({
      status: 201,
      body: { already_applied: false, counts: { changed: 0, unchanged: 1 } },
    });
    expect((await preview({ T1001: 3 }, 'partial_min=5')).status).toBe(201);
    http.clock.advanceMs(1_000);
    const other = await applied({ T1002: 1 });
    expect((await preview({ T1001: 3 })).status).toBe(201);
    await undo(other);
    expect((await preview({ T1001: 3 })).body).toMatchObject({ id, already_applied: true });
    await undo(id);
    expect((await preview({ T1001: 3 })).body).toMatchObject({ already_applied: false, counts: { changed: 1 } });
  });

  it('counts as a new file in another organisation', async () => {
    await applied({ T1001: 3 });
    const stranger = await aCaller(http);
    expect((await upload(aLayer({ T1001: 3 }), 'format=navigator&preset=rule_count', stranger)).status).toBe(201);
  });
});

describe('undoing', () => {
  it('restores the earlier posture, and skips techniques that were changed since', async () => {
    await known('T1002', 'partial');
    const file = 'attack_id,status_global,risk_score\nT1001,partial,10\nT1002,not_covered,20\nT1003,partial,30\n';
    const { body } = await upload(file, 'format=csv');
    await apply(body.id);
    const changed = [
      { attack_id: 'T1003', status_global: 'in_progress' },
      { attack_id: 'T1001', owner_id: lead.userId },
    ];
    await lead.send('PUT', '/posture', { items: changed });
    expect(await undo(body.id)).toMatchObject({
      status: 200,
      body: { restored: 2, skipped: 1, skipped_ids: ['T1003'], import: { status: 'undone', undone_by: lead.userId } },
    });
    expect(await statuses()).toEqual({ T1002: 'partial', T1003: 'in_progress' });
    // A later change of a field that the import did not change stays.
    expect((await lead.get('/techniques/T1001')).body).toMatchObject({ risk_score: null, owner_id: lead.userId });
    const { items } = (await lead.get(`/posture/imports/${body.id}/changes`)).body;
    expect(items.map((item: { undo_outcome: string }) => item.undo_outcome)).toEqual([
      'restored',
      'restored',
      'skipped',
    ]);
    const [row] = await http.database.query(
      'SELECT change_source, change_id FROM posture WHERE organization_id = $1 AND technique_id = $2',
      [lead.organizationId, ids.T1002],
    );
    expect(row).toEqual({ change_source: 'undo', change_id: body.id });
  });

  it('happens once', async () => {
    const id = await applied({ T1001: 3 });
    const answers = await Promise.all([undo(id), undo(id)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    expect(await apply(id)).toMatchObject({ status: 409, body: { current_status: 'undone' } });
  });

  it('is refused for an import that is not applied', async () => {
    const { body } = await preview({ T1001: 3 });
    expect(await undo(body.id)).toMatchObject({ status: 409, body: { current_status: 'previewed' } });
  });

  it('restores tags, unless they were changed since', async () => {
    const items = [
      { attack_id: 'T1001', tags: ['pci'] },
      { attack_id: 'T1002', tags: ['pci'], risk_score: 5 },
    ];
    await lead.send('PUT', '/posture', { items });
    const tagsOf = async (attackId: string): Promise<string[]> => (await lead.get(`/techniques/${attackId}`)).body.tags;
    const file = 'attack_id,tags\nT1001,"Crown Jewels, o\'reilly ""x"" \\"\nT1002,null\nT1003,\n';
    const { body } = await upload(file, 'format=csv');
    expect(body).toMatchObject({
      counts: { changed: 2, unchanged: 1 },
      changes: [
        { attack_id: 'T1001', before: { tags: ['pci'] }, after: { tags: ['crown jewels', 'o\'reilly "x" \\'] } },
        { attack_id: 'T1002', before: { tags: ['pci'] }, after: { tags: [], risk_score: 5 } },
      ],
    });
    await apply(body.id);
    expect([await tagsOf('T1001'), await tagsOf('T1002')]).toEqual([['crown jewels', 'o\'reilly "x" \\'], []]);
    await lead.send('PUT', '/posture', { items: [{ attack_id: 'T1002', tags: ['gdpr'], risk_score: 6 }] });
    expect((await undo(body.id)).body).toMatchObject({ restored: 1, skipped_ids: ['T1002'] });
    expect([await tagsOf('T1001'), await tagsOf('T1002')]).toEqual([['pci'], ['gdpr']]);
  });

  it('does not restore an owner who has left', async () => {
    const { userId } = await aMember(http.database, lead.organizationId);
    await aPosture(http.database, lead.organizationId, ids.T1001!, { ownerId: userId });
    const { body } = await upload('attack_id,owner_email\nT1001,null\n', 'format=csv');
    await apply(body.id);
    await http.database.query('DELETE FROM membership WHERE user_id = $1', [userId]);
    expect((await undo(body.id)).status).toBe(200);
    expect((await lead.get('/techniques/T1001')).body.owner_id).toBeNull();
  });
});

describe('a large file', () => {
  const large = (scores: Record<string, number>): string =>
    aLayer(scores, { description: 'x'.repeat(BACKGROUND_FROM_BYTES) });
  const QUERY = 'format=navigator&preset=rule_count';

  it('is read after the answer, which names the import', async () => {
    const answer = await upload(large({ T1001: 3 }), QUERY);
    expect(answer).toMatchObject({ status: 202, body: { status: 'parsing', counts: null, changes: [] } });
    expect(await apply(answer.body.id)).toMatchObject({ status: 409 });
    const current = async (): Promise<Answer['body']> => (await lead.get(`/posture/imports/${answer.body.id}`)).body;
    await until(async () => (await current()).status !== 'parsing');
    expect(await current()).toMatchObject({
      status: 'previewed',
      bytes_read: answer.body.byte_count,
      counts: { changed: 1 },
    });
    expect((await apply(answer.body.id)).status).toBe(200);
    expect((await upload(large({ T1001: 3 }), QUERY)).body).toMatchObject({
      id: answer.body.id,
      already_applied: true,
    });
  });

  it('replaces an earlier preview of the same file', async () => {
    const first = await upload(large({ T1001: 3 }), QUERY);
    const current = async (id: string): Promise<Answer['body']> => (await lead.get(`/posture/imports/${id}`)).body;
    await until(async () => (await current(first.body.id)).status === 'previewed');
    const second = await upload(large({ T1001: 3 }), QUERY);
    await until(async () => (await current(second.body.id)).status === 'previewed');
    expect((await lead.get('/posture/imports')).body).toMatchObject({ total: 1, items: [{ id: second.body.id }] });
    expect((await apply(second.body.id)).body).toMatchObject({ counts: { changed: 1 } });
  });

  it('is read once if it is sent twice at once, and a few files wait for each other', async () => {
    const one = large({ T1001: 3 });
    const twice = [await upload(one, QUERY), await upload(one, QUERY)];
    expect(new Set(twice.map(({ body }) => body.id)).size).toBe(1);
    const others = await Promise.all([1, 2, 3, 4].map((score) => upload(large({ T1002: score }), QUERY)));
    expect(others.map(({ status }) => status).sort()).toEqual([202, 202, 202, 503]);
    await until(async () => {
      const { items } = (await lead.get('/posture/imports')).body;
      return items.length === 4 && items.every(({ status }: { status: string }) => status === 'previewed');
    });
  });

  it('fails with the reason if it cannot be used', async () => {
    const answer = await upload(large({ T1001: 3 }).slice(0, -3), QUERY);
    const current = async (): Promise<Answer['body']> => (await lead.get(`/posture/imports/${answer.body.id}`)).body;
    await until(async () => (await current()).status !== 'parsing');
    expect(await current()).toMatchObject({ status: 'failed', failure: expect.stringContaining('cut off') });
  });

  it('is shown as failed if its reader was killed', async () => {
    const { body } = await preview({ T1001: 3 });
    await http.database.query(`UPDATE posture_import SET status = 'parsing', overview = NULL WHERE id = $1`, [body.id]);
    http.clock.advanceMs(61_000);
    expect((await lead.get(`/posture/imports/${body.id}`)).body).toMatchObject({
      status: 'failed',
      failure: expect.stringContaining('upload the file again'),
    });
  });
});

it('stops reading when the server stops, and says so', async () => {
  const worker = path.join(folder, 'hangs.mjs');
  writeFileSync(worker, 'for (;;);');
  const temporaryFolder = path.join(folder, 'temporary');
  const settings = { workerFile: worker, backgroundFromBytes: 1, temporaryFolder };
  const other = await startPostureHttp([PostureModule, ImportsModule.withSettings(settings)]);
  const caller = await aCaller(other);
  const answer = await caller.send('POST', '/posture/imports?format=json', { items: [] });
  expect(answer).toMatchObject({ status: 202, body: { status: 'parsing' } });
  await other.module.get(PostureImportUploads).beforeApplicationShutdown();
  expect((await caller.get(`/posture/imports/${answer.body.id}`)).body).toMatchObject({
    status: 'failed',
    failure: expect.stringContaining('interrupted'),
  });
  expect(readdirSync(temporaryFolder)).toEqual([]);
  await other.close();
});

describe('what is refused', () => {
  it.each<[string, string, string | Buffer, number, string, RegExp]>([
    ['no format', '', aLayer({ T1001: 1 }), 400, 'format', /must be one of navigator, dettect, csv, json/],
    ['an unknown format', 'format=xlsx', 'x', 400, 'format', /must be one of/],
    [
      'a layer without a preset',
      'format=navigator',
      aLayer({ T1001: 1 }),
      400,
      'preset',
      /one of rule_count, score_0_100 for the format navigator/,
    ],
    [
      'a preset of another format',
      'format=csv&preset=rule_count',
      'x',
      400,
      'preset',
      /one of simulation, as_given for the format csv/,
    ],
    [
      'an option of another preset',
      'format=csv&partial_min=2',
      'x',
      400,
      'partial_min',
      /is not an option of as_given, which takes on_conflict/,
    ],
    ['an option out of range', 'format=dettect&validated_min=6', 'x', 400, 'validated_min', /a number from 0 to 5/],
    ['an unknown option', 'format=csv&colour=red', 'x', 400, 'colour', /is not a known field/],
    [
      'confirmed without a date',
      'format=navigator&preset=score_0_100&confirmed=true',
      'x',
      400,
      'evidence_date',
      /must be given when confirmed/,
    ],
    [
      'a date without confirmation',
      'format=navigator&preset=score_0_100&evidence_date=2026-01-01',
      'x',
      400,
      'confirmed',
      /must be true/,
    ],
    [
      'thresholds that cross',
      'format=dettect&validated_min=1&partial_min=2',
      'x',
      400,
      'partial_min',
      /not be more than validated_min/,
    ],
    ['nothing', 'format=csv', '', 400, 'file', /empty/],
    ['the wrong format', 'format=navigator&preset=rule_count', 'attack_id\nT1001\n', 400, 'file', /not JSON: line 1/],
    ['deep JSON', 'format=json', '['.repeat(50_000), 400, 'file', /nest deeper than 64/],
    ['deep YAML', 'format=dettect', '- '.repeat(40_000), 400, 'file', /nest deeper than 64/],
    [
      'an alias bomb',
      'format=dettect',
      `a: &a [1,1]\n${'bcdefghijklmnop'
        .split('')
        .map((name, index) => `${name}: &${name} [${`*${'abcdefghijklmnop'[index]},`.repeat(10)}]\n`)
        .join('')}`,
      400,
      'file',
      /aliases/,
    ],
    ['Latin-1', 'format=csv', Buffer.from('attack_id\nT1001é\n', 'latin1'), 400, 'file', /not valid UTF-8/],
    ['UTF-16 without a mark', 'format=csv', Buffer.from('attack_id\nT1001\n', 'utf16le'), 400, 'file', /UTF-16/],
    ['a spreadsheet', 'format=csv', Buffer.from('PK\u0003\u0004'), 400, 'file', /zip archive/],
    ['too much', 'format=csv', `attack_id\n${'T1001\n'.repeat(40_000)}`, 413, 'file', /at most/],
  ])('%s, naming the valid values, and nothing is stored', async (_name, query, content, status, field, message) => {
    const answer = await upload(content, query);
    expect(answer).toMatchObject({ status, body: { errors: [{ field, message: expect.stringMatching(message) }] } });
    expect((await lead.get('/posture/imports')).body.total).toBe(0);
    expect(await statuses()).toEqual({});
  });

  it('requests from anyone below a lead', async () => {
    const analyst = await aCaller(http, { role: 'analyst', organizationId: lead.organizationId });
    const { body } = await preview({ T1001: 3 });
    for (const [path, sent] of [
      [`/posture/imports/${body.id}/apply`, {}],
      [`/posture/imports/${body.id}/undo`, {}],
      ['/posture/imports', {}],
    ] as const) {
      expect((await analyst.send('POST', path, sent)).status).toBe(403);
    }
    expect((await analyst.get(`/posture/imports/${body.id}`)).status).toBe(200);
  });

  it('another organisation, with the same answer as for an unknown import', async () => {
    const { body } = await preview({ T1001: 3 });
    const stranger = await aCaller(http);
    const unknown = newId();
    for (const id of [body.id, unknown, 'nonsense']) {
      const answers = [
        await stranger.get(`/posture/imports/${id}`),
        await stranger.get(`/posture/imports/${id}/changes`),
        await apply(id, {}, stranger),
        await stranger.send('POST', `/posture/imports/${id}/undo`, {}),
      ];
      expect(answers.map(({ status, body: problem }) => [status, problem.detail])).toEqual(
        answers.map(() => [404, `there is no import ${id}`]),
      );
    }
    expect((await stranger.get('/posture/imports')).body).toMatchObject({ items: [], total: 0 });
  });
});

it('lists the presets with their options', async () => {
  const { items } = (await lead.get('/posture/imports/presets')).body;
  expect(items.map(({ name }: { name: string }) => name)).toEqual([
    'rule_count',
    'score_0_100',
    'dettect',
    'simulation',
    'as_given',
  ]);
  expect(items[1].options).toContainEqual(
    expect.objectContaining({ name: 'validated_min', kind: 'number', min: 0, max: 100, default: 80 }),
  );
});
