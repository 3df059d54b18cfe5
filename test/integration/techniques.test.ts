import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aPosture, aTechnique } from '../support/factories.js';
import type { TestHttp } from '../support/http.js';
import { aCaller, startPostureHttp, type Caller } from '../support/posture-http.js';

describe('techniques', () => {
  let http: TestHttp;
  let viewer: Caller;
  let other: Caller;
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    http = await startPostureHttp();
    viewer = await aCaller(http, { role: 'viewer' });
    other = await aCaller(http);
    const { database } = http;
    ids.T1060 = await aTechnique(database, {
      attackId: 'T1060',
      name: '100% Cover_up',
      domain: 'mobile-attack',
      platforms: ['Android'],
    });
    ids.T1059 = await aTechnique(database, {
      attackId: 'T1059',
      name: 'Command Interpreter',
      tactics: ['execution', 'impact'],
    });
    ids['T1059.001'] = await aTechnique(database, {
      attackId: 'T1059.001',
      name: 'PowerShell',
      platforms: ['Windows', 'Linux'],
    });
    ids.T1001 = await aTechnique(database, {
      attackId: 'T1001',
      name: 'Data Obfuscation',
      tactics: ['command-and-control'],
    });
    ids.T1500 = await aTechnique(database, {
      attackId: 'T1500',
      name: 'Compile',
      isRevoked: true,
      replacedById: ids.T1059,
    });
    ids.T1501 = await aTechnique(database, { attackId: 'T1501', name: 'Systemd', isDeprecated: true });
    ids.old = await aTechnique(database, {
      attackId: 'T1001',
      name: 'Older',
      isRevoked: true,
      mitreLastModified: new Date('2026-01-01'),
    });
    await database.query('UPDATE technique SET parent_id = $1 WHERE id = $2', [ids.T1059, ids['T1059.001']]);
    await aPosture(database, viewer.organizationId, ids.T1059, {
      statusGlobal: 'validated',
      lastReviewDate: new Date('2026-03-01T08:00:00Z'),
      riskScore: 62.5,
      ownerId: viewer.userId,
    });
    await aPosture(database, viewer.organizationId, ids.T1060, { statusGlobal: 'not_applicable', riskScore: 0 });
    await aPosture(database, other.organizationId, ids.T1001, {
      statusGlobal: 'partial',
      riskScore: 100,
      ownerId: other.userId,
    });
  });

  afterAll(() => http.close());

  async function listed(query: string): Promise<string[]> {
    const { status, body } = await viewer.get(`/techniques${query}`);
    expect(status).toBe(200);
    expect(body.total).toBe(body.items.length);
    return body.items.map((item: { attack_id: string }) => item.attack_id);
  }

  it('lists the techniques in force, ordered by ATT&CK id', async () => {
    expect(await listed('')).toEqual(['T1001', 'T1059', 'T1059.001', 'T1060']);
  });

  it.each([
    ['?include_revoked=true', ['T1001', 'T1001', 'T1059', 'T1059.001', 'T1060', 'T1500', 'T1501']],
    ['?include_revoked=false', ['T1001', 'T1059', 'T1059.001', 'T1060']],
    ['?in_scope=true', ['T1001', 'T1059', 'T1059.001']],
    ['?in_scope=true&include_revoked=true', ['T1001', 'T1059', 'T1059.001']],
    ['?in_scope=false', ['T1060']],
    ['?in_scope=false&include_revoked=true', ['T1001', 'T1060', 'T1500', 'T1501']],
    ['?search=t1059', ['T1059', 'T1059.001']],
    ['?search=059', []],
    ['?search=shell', ['T1059.001']],
    ['?search=COMMAND', ['T1059']],
    ['?search=%25', ['T1060']],
    ['?search=_', ['T1060']],
    ['?search=%5C', []],
    ['?search=', ['T1001', 'T1059', 'T1059.001', 'T1060']],
    ['?status_global=validated', ['T1059']],
    ['?status_global=not_evaluated', ['T1001', 'T1059.001']],
    ['?domain=mobile-attack', ['T1060']],
    ['?tactic=impact', ['T1059']],
    ['?tactic=command-and-control', ['T1001']],
    ['?tactic=imp', []],
    ['?platform=linux', ['T1059.001']],
    ['?owner_id=none', ['T1001', 'T1059.001', 'T1060']],
    ['?min_risk_score=62.5', ['T1059']],
    ['?min_risk_score=62.51', []],
    ['?min_risk_score=0', ['T1059', 'T1060']],
    ['?is_subtechnique=true', ['T1059.001']],
    ['?is_subtechnique=false', ['T1001', 'T1059', 'T1060']],
    ['?search=T1059&is_subtechnique=false&platform=Windows', ['T1059']],
  ])('filters %s', async (query, expected) => {
    expect(await listed(query)).toEqual(expected);
  });

  it('filters by owner', async () => {
    expect(await listed(`?owner_id=${viewer.userId}`)).toEqual(['T1059']);
    expect(await listed(`?owner_id=${other.userId}`)).toEqual([]);
  });

  it.each([
    [
      '?status_global=green',
      'status_global must be one of not_evaluated, not_covered, in_progress, partial, validated, not_applicable',
    ],
    ['?domain=cloud', 'domain must be one of enterprise-attack, mobile-attack, ics-attack'],
    ['?owner_id=me', 'owner_id must be the id of a user, or none'],
    ['?min_risk_score=high', 'min_risk_score must be a number from 0 to 100'],
    ['?min_risk_score=101', 'min_risk_score must be a number from 0 to 100'],
    ['?limit=0x10', 'limit must be a whole number from 1 to 500'],
    ['?limit=1e2', 'limit must be a whole number from 1 to 500'],
    ['?limit=%2B5', 'limit must be a whole number from 1 to 500'],
    ['?limit=', 'limit must be a whole number from 1 to 500'],
    ['?limit=501', 'limit must be a whole number from 1 to 500'],
    ['?limit=1.5', 'limit must be a whole number from 1 to 500'],
    ['?limit=1&limit=2', 'limit must be a whole number from 1 to 500'],
    ['?offset=-1', 'offset must be a whole number from 0 to 1000000000'],
    ['?offset=', 'offset must be a whole number from 0 to 1000000000'],
    ['?offset=0&offset=0', 'offset must be a whole number from 0 to 1000000000'],
    ['?min_risk_score=', 'min_risk_score must be a number from 0 to 100'],
    ['?min_risk_score=1e1', 'min_risk_score must be a number from 0 to 100'],
    ['?min_risk_score=5&min_risk_score=5', 'min_risk_score must be a number from 0 to 100'],
    ['?in_scope=yes', 'in_scope must be true or false'],
    ['?cursor=nonsense', 'cursor must be the next_cursor of an earlier page, unchanged'],
    ['?cursor=a&cursor=b', 'cursor must be the next_cursor of an earlier page, unchanged'],
    ['?search=a&search=b', 'search must be text of at most 200 characters'],
    ['?colour=red', 'colour is not a known field'],
  ])('refuses %s', async (query, detail) => {
    const { status, body } = await viewer.get(`/techniques${query}`);
    expect([status, body.detail]).toEqual([400, detail]);
  });

  it('pages by cursor without losing or repeating a technique, also if two share an ATT&CK id', async () => {
    const seen: string[] = [];
    let cursor = '';
    for (let pages = 0; pages < 10; pages += 1) {
      const { body } = await viewer.get(`/techniques?include_revoked=true&limit=1${cursor}`);
      expect(body.total).toBe(7);
      seen.push(...body.items.map((item: { id: string }) => item.id));
      if (body.next_cursor === null) break;
      cursor = `&cursor=${body.next_cursor}`;
    }
    expect(new Set(seen)).toEqual(new Set(Object.values(ids)));
    expect(seen).toHaveLength(7);
    expect((await viewer.get('/techniques?limit=2&offset=3')).body.items).toHaveLength(1);
    expect((await viewer.get('/techniques?include_revoked=true&limit=7')).body).toMatchObject({
      items: { length: 7 },
      next_cursor: null,
    });
  });

  it('returns catalogue and posture together', async () => {
    expect((await viewer.get('/techniques/T1059')).body).toEqual({
      id: ids.T1059,
      attack_id: 'T1059',
      name: 'Command Interpreter',
      domain: 'enterprise-attack',
      is_subtechnique: false,
      parent_id: null,
      parent_attack_id: null,
      tactics: ['execution', 'impact'],
      platforms: ['Windows'],
      technique_version: '1.0',
      attack_version: '18.1',
      mitre_created: expect.stringMatching(/^201[78]-/),
      mitre_last_modified: '2020-01-01T00:00:00.000Z',
      is_revoked: false,
      is_deprecated: false,
      replaced_by_attack_id: null,
      status_global: 'validated',
      last_review_date: '2026-03-01T08:00:00.000Z',
      risk_score: 62.5,
      owner_id: viewer.userId,
      owner_email: viewer.email,
      tags: [],
      posture_updated_at: expect.any(String),
    });
    expect((await viewer.get('/techniques/t1059.001')).body).toMatchObject({
      parent_id: ids.T1059,
      parent_attack_id: 'T1059',
    });
    expect((await viewer.get(`/techniques/${ids.T1500}`)).body).toMatchObject({
      is_revoked: true,
      replaced_by_attack_id: 'T1059',
    });
    expect((await viewer.get('/techniques/T1001')).body).toMatchObject({ id: ids.T1001, is_revoked: false });
    expect((await viewer.get(`/techniques/${ids.old}`)).body).toMatchObject({ name: 'Older' });
  });

  it.each(['T9999', 'T1059.1', 'nonsense', '%00', '019cd000-0000-7000-8000-000000000000'])(
    'has no technique %s',
    async (id) => {
      expect((await viewer.get(`/techniques/${id}`)).status).toBe(404);
    },
  );

  it('shows each organisation its own posture', async () => {
    expect((await viewer.get('/techniques/T1001')).body).toMatchObject({
      status_global: 'not_evaluated',
      risk_score: null,
      owner_id: null,
      owner_email: null,
    });
    expect((await other.get('/techniques/T1001')).body).toMatchObject({
      status_global: 'partial',
      risk_score: 100,
      owner_email: other.email,
    });
    expect((await other.get('/techniques/T1059')).body).toMatchObject({
      status_global: 'not_evaluated',
      owner_email: null,
    });
  });
});
