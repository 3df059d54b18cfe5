import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import { ExportsModule } from '../../src/exports/index.js';
import { ImportsModule } from '../../src/imports/imports.module.js';
import { InstancesModule } from '../../src/instances/index.js';
import { PostureModule } from '../../src/posture/posture.module.js';
import { WebhooksModule } from '../../src/webhooks/index.js';
import { someAlerts } from '../support/alert-factories.js';
import { compileWorker } from '../support/compile-worker.js';
import { aMember, aTechnique } from '../support/factories.js';
import type { Answer, TestHttp } from '../support/http.js';
import { layerFaults } from '../support/navigator-layer-schema.js';
import { aCaller, startPostureHttp, type Caller } from '../support/posture-http.js';

const DAY_MS = 24 * 3_600_000;

/** The factories write rows that begin now, so the events of these tests begin one day later. */
const START = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS + 2 * DAY_MS);

let http: TestHttp;
let folder: string;
let lead: Caller;
const ids: Record<string, string> = {};

beforeAll(async () => {
  mkdirSync('.vedette-test', { recursive: true });
  folder = mkdtempSync(path.resolve('.vedette-test/exports-'));
  const workerFile = compileWorker('src/imports/reading/posture-file-worker.ts', folder);
  http = await startPostureHttp([
    PostureModule,
    ImportsModule.withSettings({ workerFile }),
    ExportsModule,
    InstancesModule,
    WebhooksModule.register(),
  ]);
  for (const attackId of ['T1003', 'T1001', 'T1002', 'T1059', 'T1059.001']) {
    ids[attackId] = await aTechnique(http.database, { attackId });
  }
  await aTechnique(http.database, { attackId: 'T1500', isRevoked: true });
});

afterAll(async () => {
  await http.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  http.clock.set(START);
  lead = await aCaller(http);
});

const put = (...items: unknown[]): Promise<Answer> => lead.send('PUT', '/posture', { items });

async function aKnownPosture(): Promise<void> {
  const { body } = await put(
    { attack_id: 'T1001', status_global: 'validated', last_review_date: '2026-01-05T10:00:00Z', risk_score: 62.5 },
    { attack_id: 'T1002', status_global: 'partial', owner_id: lead.userId },
    { attack_id: 'T1059', status_global: 'not_applicable' },
  );
  expect(body.updated).toBe(3);
}

describe('GET /posture/export', () => {
  it('returns a layer that Navigator opens', async () => {
    await aKnownPosture();
    const answer = await lead.get('/posture/export?format=navigator');
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-disposition': `attachment; filename="posture-${START.toISOString().slice(0, 10)}-layer.json"`,
    });
    expect(layerFaults(answer.body)).toEqual([]);
    expect(answer.body).toMatchObject({ domain: 'enterprise-attack', filters: {} });
    expect(
      answer.body.techniques.map(({ techniqueID, score, enabled }: Record<string, unknown>) => [
        techniqueID,
        score,
        enabled,
      ]),
    ).toEqual([
      ['T1001', 100, true],
      ['T1002', 50, true],
      ['T1003', undefined, true],
      ['T1059', undefined, false],
      ['T1059.001', undefined, true],
    ]);
  });

  it('returns the body of PUT /posture, which restores the same posture', async () => {
    await aKnownPosture();
    const { body, headers } = await lead.get('/posture/export');
    expect(headers['content-disposition']).toContain('.json"');
    expect(body.items).toHaveLength(5);
    expect((await lead.send('PUT', '/posture', body)).body).toMatchObject({ updated: 0, unchanged: 5 });
    const items = ['T1001', 'T1002', 'T1059'].map((id) => ({
      attack_id: id,
      status_global: null,
      last_review_date: null,
      risk_score: null,
      owner_id: null,
    }));
    expect((await put(...items)).body.updated).toBe(3);
    expect((await lead.send('PUT', '/posture', body)).body).toMatchObject({ updated: 3 });
    expect((await lead.get('/posture/export')).body).toEqual(body);
  });

  it('returns CSV that another organisation can import', async () => {
    await aKnownPosture();
    const answer = await lead.get('/posture/export?format=csv');
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8; header=present');
    expect(answer.body.split('\r\n')[0]).toBe(
      'attack_id,name,domain,tactics,status_global,last_review_date,risk_score,owner_email,tags',
    );
    const other = await aCaller(http);
    await http.database.query(
      'INSERT INTO membership (organization_id, user_id, role, is_active) VALUES ($1, $2, $3, true)',
      [other.organizationId, lead.userId, 'viewer'],
    );
    const token = `red_lead ${other.organizationId} ${other.userId}`;
    const headers = { 'content-type': 'application/octet-stream' };
    const preview = await http.request('POST', '/api/v1/posture/imports?format=csv', {
      token,
      headers,
      body: answer.body,
    });
    expect(preview.body).toMatchObject({ counts: { changed: 3, problems: 0 } });
    await other.send('POST', `/posture/imports/${preview.body.id}/apply`, {});
    expect((await other.get('/posture/export?format=csv')).body).toBe(answer.body);
  });

  it('writes no formula into a spreadsheet', async () => {
    const { userId } = await aMember(http.database, lead.organizationId, { email: '=hyperlink@example.org' });
    await put({ attack_id: 'T1001', owner_id: userId });
    expect((await lead.get('/posture/export?format=csv')).body).toContain(",'=hyperlink@example.org");
  });

  it('takes a domain, and refuses one that is not in the catalogue', async () => {
    expect((await lead.get('/posture/export?format=navigator&domain=enterprise-attack')).body.techniques).toHaveLength(
      5,
    );
    const missing = await lead.get('/posture/export?format=navigator&domain=ics-attack');
    expect(missing).toMatchObject({ status: 400, body: { errors: [{ field: 'domain' }] } });
    expect((await lead.get('/posture/export?format=xlsx')).body.errors).toMatchObject([{ field: 'format' }]);
  });

  it('returns a list of layers if the catalogue has several domains', async () => {
    const phone = await aTechnique(http.database, {
      attackId: 'T1400',
      domain: 'mobile-attack',
    });
    try {
      const { body } = await lead.get('/posture/export?format=navigator');
      expect(
        body.map(({ domain, techniques }: { domain: string; techniques: unknown[] }) => [domain, techniques.length]),
      ).toEqual([
        ['enterprise-attack', 5],
        ['mobile-attack', 1],
      ]);
      expect(body.flatMap(layerFaults)).toEqual([]);
    } finally {
      await http.database.query('DELETE FROM posture WHERE technique_id = $1', [phone]);
      await http.database.query('DELETE FROM technique WHERE id = $1', [phone]);
    }
  });
});

describe('GET /posture/export/changes', () => {
  const at = (days: number): string => new Date(START.getTime() + days * DAY_MS).toISOString();

  async function aHistory(): Promise<void> {
    await aKnownPosture();
    http.clock.set(new Date(at(10)));
    await put(
      { attack_id: 'T1001', status_global: 'not_covered' },
      { attack_id: 'T1002', status_global: 'validated', last_review_date: at(9) },
    );
    http.clock.set(new Date(at(20)));
    await put({ attack_id: 'T1001', status_global: 'validated' }, { attack_id: 'T1003', risk_score: 90 });
    await http.database.query(
      `UPDATE posture SET in_force = false, version = version + 1, valid_from = $3, change_source = 'catalogue' WHERE organization_id = $1 AND technique_id = $2`,
      [lead.organizationId, ids['T1059.001'], at(20)],
    );
    http.clock.set(new Date(at(30)));
  }

  it('returns the changes between two instants, and marks changes by ATT&CK', async () => {
    await aHistory();
    const { body } = await lead.get(`/posture/export/changes?from=${at(1)}&to=${at(15)}`);
    expect(body.items).toMatchObject([
      {
        attack_id: 'T1001',
        cause: 'posture',
        coverage_gain: -100,
        before: { status_global: 'validated', risk_score: 62.5 },
        after: { status_global: 'not_covered' },
      },
      { attack_id: 'T1002', coverage_gain: 50, before: { last_review_date: null }, after: { last_review_date: at(9) } },
    ]);
    const whole = await lead.get(`/posture/export/changes?from=${at(1)}&to=${at(25)}`);
    expect(
      whole.body.items.map(({ attack_id: id, cause, coverage_gain: gain }: Record<string, unknown>) => [
        id,
        cause,
        gain,
      ]),
    ).toEqual([
      ['T1002', 'posture', 50],
      ['T1003', 'posture', 0],
      ['T1059.001', 'catalogue', 0],
    ]);
  });

  it('returns a layer that Navigator opens, and CSV', async () => {
    await aHistory();
    const range = `from=${at(1).slice(0, 10)}&to=${at(15)}`;
    const layer = await lead.get(`/posture/export/changes?format=navigator&${range}`);
    expect(layerFaults(layer.body)).toEqual([]);
    expect(layer.body.techniques).toMatchObject([
      { techniqueID: 'T1001', score: -100, comment: 'validated -> not_covered' },
      { techniqueID: 'T1002', score: 50 },
    ]);
    expect(layer.headers['content-disposition']).toBe(
      `attachment; filename="posture-changes-${at(1).slice(0, 10)}-${at(15).slice(0, 10)}-layer.json"`,
    );
    const csv = await lead.get(`/posture/export/changes?format=csv&${range}`);
    expect(csv.body.split('\r\n')[1]).toBe(
      `T1001,Technique T1001,enterprise-attack,posture,-100,validated,2026-01-05T10:00:00.000Z,62.5,,not_covered,2026-01-05T10:00:00.000Z,62.5,`,
    );
  });

  it('goes back 30 days by default, and refuses invalid ranges', async () => {
    await aHistory();
    expect((await lead.get('/posture/export/changes')).body).toMatchObject({
      from: at(0),
      to: at(30),
      known_since: expect.any(String),
    });
    for (const [query, field] of [
      [`from=${at(5)}&to=${at(5)}`, 'from'],
      [`from=${at(6)}&to=${at(5)}`, 'from'],
      [`to=${at(31)}`, 'to'],
      ['from=yesterday', 'from'],
      ['to=2026-13-01', 'to'],
    ] as const) {
      expect(await lead.get(`/posture/export/changes?${query}`)).toMatchObject({
        status: 400,
        body: { errors: [{ field }] },
      });
    }
  });

  it('says so if the earlier posture is not known', async () => {
    await aHistory();
    await http.database.query('DELETE FROM posture_history WHERE organization_id = $1', [lead.organizationId]);
    const { body } = await lead.get(`/posture/export/changes?from=${at(1)}&to=${at(25)}`);
    expect(
      body.items.map(({ attack_id: id, cause, coverage_gain: gain, before }: Record<string, unknown>) => [
        id,
        cause,
        gain,
        before,
      ]),
    ).toEqual(['T1001', 'T1002', 'T1003'].map((id) => [id, 'not_known', null, null]));
    const layer = await lead.get(`/posture/export/changes?format=navigator&from=${at(1)}&to=${at(25)}`);
    expect(layerFaults(layer.body)).toEqual([]);
  });

  it('shows nothing of another organisation', async () => {
    await aHistory();
    const stranger = await aCaller(http);
    const { body } = await stranger.get(`/posture/export/changes?from=${at(1)}&to=${at(25)}`);
    expect(body.items).toEqual([]);
  });
});

describe('GET /instances/:id/export', () => {
  async function anAlert(details: object): Promise<string> {
    const [id] = await someAlerts(http.database, lead.organizationId, [{}]);
    await http.database.query('UPDATE alert_instance SET details = $2 WHERE id = $1', [id, JSON.stringify(details)]);
    return id!;
  }

  it('returns a layer with the current posture of the techniques that the alert names', async () => {
    await aKnownPosture();
    const id = await anAlert({
      orphan_count: 7,
      example_ids: [ids.T1001, ids.T1003],
      example_attack_ids: ['T1001', 'T1003'],
    });
    const answer = await lead.get(`/instances/${id}/export?format=navigator`);
    expect(layerFaults(answer.body)).toEqual([]);
    expect(answer.body).toMatchObject({
      name: 'Orphans',
      description: '7 techniques have no owner.',
      metadata: expect.arrayContaining([
        { name: 'alert', value: id },
        { name: 'severity', value: 'low' },
      ]),
      layout: { expandedSubtechniques: 'annotated' },
      techniques: [{ techniqueID: 'T1001', score: 100 }, { techniqueID: 'T1003' }],
    });
    expect(answer.headers['content-disposition']).toBe(`attachment; filename="alert-${id}-layer.json"`);
    expect((await lead.get(`/instances/${id}/export?format=csv`)).body.split('\r\n')).toHaveLength(4);
    expect((await lead.get(`/instances/${id}/export`)).body.items).toHaveLength(2);
  });

  it.each([
    ['that fell', (listed: object[]) => ({ drop_pct: 6, techniques: listed })],
    ['that came', (listed: object[]) => ({ coverage_pct: 12.5, entered: { count: 2, techniques: listed } })],
    ['that went', (listed: object[]) => ({ coverage_pct: 12.5, left: { count: 2, techniques: listed } })],
  ])('knows those %s', async (_, details) => {
    await aKnownPosture();
    const listed = [ids.T1001, ids.T1003].map((id) => ({ technique_id: id, attack_id: 'T1' }));
    const { body } = await lead.get(`/instances/${await anAlert(details(listed))}/export`);
    expect(body.items.map((item: { attack_id: string }) => item.attack_id)).toEqual(['T1001', 'T1003']);
  });

  it('says so if the alert names no techniques', async () => {
    const id = await anAlert({ coverage_pct: 12.5 });
    expect(await lead.get(`/instances/${id}/export`)).toMatchObject({
      status: 409,
      body: { detail: 'an alert of type orphan_spike names no techniques to export' },
    });
  });

  it('does not know the alert of another organisation', async () => {
    const id = await anAlert({ example_ids: [ids.T1001] });
    const stranger = await aCaller(http);
    expect((await stranger.get(`/instances/${id}/export`)).status).toBe(404);
  });
});
