import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Transactions } from '../../src/database/index.js';
import { PostureService } from '../../src/posture/writes/posture.service.js';
import { aMember, aTechnique } from '../support/factories.js';
import type { TestHttp } from '../support/http.js';
import { aCaller, markedChanges, startPostureHttp, type Caller } from '../support/posture-http.js';

describe('PUT /posture', () => {
  let http: TestHttp;
  let lead: Caller;

  beforeAll(async () => {
    http = await startPostureHttp();
    for (let number = 1001; number <= 1040; number += 1) await aTechnique(http.database, { attackId: `T${number}` });
    await aTechnique(http.database, { attackId: 'T1059.001' });
    const replacement = await aTechnique(http.database, { attackId: 'T1600' });
    await aTechnique(http.database, { attackId: 'T1500', isRevoked: true, replacedById: replacement });
    await aTechnique(http.database, { attackId: 'T1501', isDeprecated: true });
    await aTechnique(http.database, { attackId: 'T1700', isRevoked: true, name: 'Old' });
    await aTechnique(http.database, { attackId: 'T1700', name: 'New' });
  });

  afterAll(() => http.close());

  beforeEach(async () => {
    lead = await aCaller(http);
  });

  const put = (...items: unknown[]) => lead.send('PUT', '/posture', { items });

  async function stored(attackId: string, organizationId = lead.organizationId) {
    const rows = await http.database.query<Record<string, unknown>>(
      `SELECT p.status_global, p.last_review_date, p.risk_score, p.owner_id, p.updated_at, p.updated_by FROM posture p JOIN technique t ON t.id = p.technique_id
       WHERE p.organization_id = $1 AND t.attack_id = $2 ORDER BY t.in_force`,
      [organizationId, attackId],
    );
    return rows.at(-1)!;
  }

  async function changedRows(): Promise<number> {
    const rows = await http.database.query(
      'SELECT technique_id FROM posture WHERE organization_id = $1 AND updated_by IS NOT NULL',
      [lead.organizationId],
    );
    return rows.length;
  }

  describe('writing', () => {
    it('sets every field and records the author', async () => {
      const answer = await put({
        attack_id: 'T1001',
        status_global: 'validated',
        last_review_date: '2026-03-01T10:30:00+02:00',
        risk_score: 62.5,
        owner_id: lead.userId,
      });
      expect(answer.status).toBe(200);
      expect(answer.body).toEqual({ updated: 1, unchanged: 0, out_of_scope: [] });
      expect(await stored('T1001')).toEqual({
        status_global: 'validated',
        last_review_date: new Date('2026-03-01T08:30:00Z'),
        risk_score: 62.5,
        owner_id: lead.userId,
        updated_at: http.clock.now(),
        updated_by: lead.userId,
      });
      expect(await markedChanges(http, lead.organizationId)).toEqual(['posture']);
    });

    it('leaves missing fields unchanged, and clears fields that are null', async () => {
      await put({
        attack_id: 'T1001',
        status_global: 'partial',
        last_review_date: '2026-03-01',
        risk_score: 10,
        owner_email: lead.email,
      });
      await put({ attack_id: 'T1001', risk_score: 0 });
      expect(await stored('T1001')).toMatchObject({
        status_global: 'partial',
        last_review_date: new Date('2026-03-01T00:00:00Z'),
        risk_score: 0,
        owner_id: lead.userId,
      });
      await put({
        attack_id: 'T1001',
        status_global: null,
        last_review_date: null,
        risk_score: null,
        owner_email: null,
      });
      expect(await stored('T1001')).toMatchObject({
        status_global: 'not_evaluated',
        last_review_date: null,
        risk_score: null,
        owner_id: null,
      });
    });

    it('stores tags in lower case, sorted and without duplicates, and finds techniques by them', async () => {
      const tags = ['Crown Jewels', ' pci ', 'PCI', 'o\'reilly "x" \\'];
      const kept = ['crown jewels', 'o\'reilly "x" \\', 'pci'];
      expect((await put({ attack_id: 'T1001', tags }, { attack_id: 'T1002', tags: ['pci'] })).body.updated).toBe(2);
      expect((await lead.get('/techniques/T1001')).body.tags).toEqual(kept);
      const tagged = async (tag: string): Promise<string[]> =>
        (await lead.get(`/techniques?tag=${encodeURIComponent(tag)}`)).body.items.map(
          (technique: { attack_id: string }) => technique.attack_id,
        );
      expect(await tagged('PCI')).toEqual(['T1001', 'T1002']);
      expect(await tagged(kept[1]!)).toEqual(['T1001']);
      expect(await tagged('pc')).toEqual([]);

      const again = await put({ attack_id: 'T1001', tags: kept }, { attack_id: 'T1002', risk_score: 5 });
      expect(again.body).toMatchObject({ updated: 1, unchanged: 1 });
      expect((await lead.get('/techniques/T1002')).body.tags).toEqual(['pci']);
      await put({ attack_id: 'T1001', tags: null }, { attack_id: 'T1002', tags: [] });
      expect(await tagged('pci')).toEqual([]);
      const history = await http.database.query(
        'SELECT tags FROM posture_history WHERE organization_id = $1 AND cardinality(tags) = 3',
        [lead.organizationId],
      );
      expect(history).toEqual([{ tags: kept }]);
    });

    it('finds an owner by e-mail address and a technique by ATT&CK id, in any case', async () => {
      expect((await put({ attack_id: 't1059.001', owner_email: lead.email.toUpperCase() })).body.updated).toBe(1);
      expect(await stored('T1059.001')).toMatchObject({ owner_id: lead.userId });
    });

    it('does not write an unchanged item, and does not wake the evaluation', async () => {
      const items = [
        {
          attack_id: 'T1001',
          status_global: 'validated',
          last_review_date: '2026-03-01',
          risk_score: 75,
          owner_id: lead.userId,
        },
        {
          attack_id: 'T1002',
          status_global: 'not_evaluated',
          last_review_date: null,
          risk_score: null,
          owner_id: null,
        },
        { attack_id: 'T1003' },
      ];
      expect((await put(...items)).body).toEqual({ updated: 1, unchanged: 2, out_of_scope: [] });
      await http.database.query('DELETE FROM posture_change');
      expect((await put(...items)).body).toEqual({ updated: 0, unchanged: 3, out_of_scope: [] });
      expect(await markedChanges(http, lead.organizationId)).toEqual([]);
      expect(await changedRows()).toBe(1);
    });

    it('accepts revoked and deprecated techniques, and reports them', async () => {
      const answer = await put(
        { attack_id: 'T1501', status_global: 'partial' },
        { attack_id: 'T1001', status_global: 'partial' },
        { attack_id: 't1500', status_global: 'validated' },
      );
      expect(answer.body).toEqual({
        updated: 3,
        unchanged: 0,
        out_of_scope: [
          { attack_id: 'T1501', reason: 'deprecated', replaced_by_attack_id: null },
          { attack_id: 'T1500', reason: 'revoked', replaced_by_attack_id: 'T1600' },
        ],
      });
      expect(await stored('T1500')).toMatchObject({ status_global: 'validated' });
    });

    it('writes the technique in force if several share an ATT&CK id', async () => {
      expect((await put({ attack_id: 'T1700', risk_score: 5 })).body).toEqual({
        updated: 1,
        unchanged: 0,
        out_of_scope: [],
      });
      const rows = await http.database.query(
        `SELECT t.name, p.risk_score FROM posture p JOIN technique t ON t.id = p.technique_id
         WHERE p.organization_id = $1 AND t.attack_id = 'T1700' ORDER BY t.name`,
        [lead.organizationId],
      );
      expect(rows).toEqual([
        { name: 'New', risk_score: 5 },
        { name: 'Old', risk_score: null },
      ]);
    });
  });

  describe('refuses', () => {
    const ownerWords = 'is not an active member of this organisation';
    const dateWords =
      'must be an ISO 8601 date from 1970 on such as 2026-03-01, or a date and time with its zone such as 2026-03-01T09:30:00Z, or null';
    const statusWords =
      'must be one of not_evaluated, not_covered, in_progress, partial, validated, not_applicable, or null';
    const tagWords = 'must be a list of at most 20 tags, each text of 1 to 64 characters without commas, or null';
    const riskWords = 'must be a number from 0 to 100, or null';

    it.each([
      ['risk_score', -0.001, riskWords],
      ['risk_score', 100.001, riskWords],
      ['risk_score', '50', riskWords],
      ['risk_score', true, riskWords],
      ['status_global', 'Validated', statusWords],
      ['status_global', 3, statusWords],
      ['last_review_date', '2026-02-29', dateWords],
      ['last_review_date', '2026-13-01', dateWords],
      ['last_review_date', '2026-03-01T10:00:00', dateWords],
      ['last_review_date', '2026-03-01T24:00:00Z', dateWords],
      ['last_review_date', '01.03.2026', dateWords],
      ['last_review_date', '1969-12-31', dateWords],
      ['last_review_date', 1772323200000, dateWords],
      ['last_review_date', '', dateWords],
      ['last_review_date', '2026-03-11T12:00:00.001Z', 'must not lie in the future'],
      ['owner_id', 'not an id', 'must be the id of an active member of this organisation, or null'],
      ['owner_id', '019cd000-0000-7000-8000-000000000000', ownerWords],
      ['owner_email', 'unknown@example.org', ownerWords],
      ['owner_email', 'no\u0000body@example.org', 'must not contain the character U+0000'],
      ['owner_email', '', 'must be the e-mail address of an active member of this organisation, or null'],
      [
        'risk_scroe',
        5,
        'is not known here; known are attack_id, status_global, last_review_date, risk_score, owner_id, owner_email, tags',
      ],
      ['tags', 'pci', tagWords],
      ['tags', ['pci', 3], tagWords],
      ['tags', ['pci', ' '], tagWords],
      ['tags', ['pci,gdpr'], tagWords],
      ['tags', ['x'.repeat(65)], tagWords],
      ['tags', Array.from({ length: 21 }, (_, index) => `tag ${index}`), tagWords],
    ])('%s %j', async (field, value, message) => {
      const answer = await put({ attack_id: 'T1001', risk_score: 1 }, { attack_id: 'T1002', [field]: value });
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({
        code: 'invalid_input',
        detail: `items[1].${field} ${message}`,
        errors: [{ field: `items[1].${field}`, message }],
      });
      expect(await changedRows()).toBe(0);
      expect(await markedChanges(http, lead.organizationId)).toEqual([]);
    });

    it.each([
      ['risk_score', 0],
      ['risk_score', 100],
      ['last_review_date', '2026-03-11T12:00:00.000Z'],
      ['last_review_date', '1970-01-01'],
      ['last_review_date', '2024-02-29'],
      ['last_review_date', '2026-03-01T10:00Z'],
    ])('but accepts %s %j', async (field, value) => {
      expect((await put({ attack_id: 'T1001', [field]: value })).body).toEqual({
        updated: 1,
        unchanged: 0,
        out_of_scope: [],
      });
    });

    it.each([
      [undefined, 'items must be a list of 1 to 10000 items'],
      [{}, 'items must be a list of 1 to 10000 items'],
      [[{ attack_id: 'T1001' }], 'the body must be a JSON object'],
      [{ items: [] }, 'items must be a list of 1 to 10000 items'],
      [{ items: { attack_id: 'T1001' } }, 'items must be a list of 1 to 10000 items'],
      [{ items: Array(10_001).fill({ attack_id: 'T1001' }) }, 'items must be a list of 1 to 10000 items'],
      [{ items: [{ attack_id: 'T1001' }], dry_run: true }, 'dry_run is not known here; the only field is items'],
      [{ items: [null] }, 'items[0] must be an object with an attack_id and the fields to change'],
      [{ items: [[]] }, 'items[0] must be an object with an attack_id and the fields to change'],
      [{ items: [{ risk_score: 5 }] }, 'items[0].attack_id must be an ATT&CK id such as T1059 or T1059.001'],
      [{ items: [{ attack_id: 'T1059.1' }] }, 'items[0].attack_id must be an ATT&CK id such as T1059 or T1059.001'],
      [
        { items: [{ attack_id: 'T9999' }] },
        'items[0].attack_id must name a technique of the catalogue, which has no T9999',
      ],
    ])('an invalid body: %#', async (body, detail) => {
      const answer = await lead.send('PUT', '/posture', body);
      expect([answer.status, answer.body.detail]).toEqual([400, detail]);
    });

    it('an item with both owner_id and owner_email', async () => {
      const answer = await put({ attack_id: 'T1001', owner_id: lead.userId, owner_email: lead.email });
      expect(answer.body.detail).toBe('items[0].owner_email cannot be combined with owner_id: send one of them');
    });

    it('a technique that is sent twice, naming both items', async () => {
      const answer = await put({ attack_id: 'T1001' }, { attack_id: 'T1002' }, { attack_id: 't1001' });
      expect(answer.body.detail).toBe('items[2].attack_id is T1001, as in items[0]: send each technique once');
    });

    it('inactive members and members of other organisations as owners, with the same message as unknown users', async () => {
      const inactive = await aMember(http.database, lead.organizationId, { isActive: false });
      const elsewhere = await aCaller(http);
      const answer = await put(
        { attack_id: 'T1001', owner_id: inactive.userId },
        { attack_id: 'T1002', owner_email: inactive.email },
        { attack_id: 'T1003', owner_id: elsewhere.userId },
        { attack_id: 'T1004', owner_email: elsewhere.email },
        { attack_id: 'T1005', owner_email: lead.email },
      );
      expect(answer.status).toBe(400);
      expect(answer.body.errors).toEqual(
        ['items[0].owner_id', 'items[1].owner_email', 'items[2].owner_id', 'items[3].owner_email'].map((field) => ({
          field,
          message: ownerWords,
        })),
      );
      expect(await changedRows()).toBe(0);
    });

    it('every wrong item at once, listing 100 errors and counting the rest', async () => {
      const wrong = (count: number) => Array.from({ length: count }, () => ({ attack_id: 'T1001', risk_score: 101 }));
      const hundred = await put(...wrong(100));
      expect(hundred.body.errors).toHaveLength(100);
      expect(hundred.body.detail).toBe(`items[0].risk_score ${riskWords} (and 99 more)`);
      const more = await put(...wrong(10_000));
      expect(more.body.errors).toHaveLength(100);
      expect(more.body.detail).toBe(`items[0].risk_score ${riskWords} (and 9999 more; the first 100 are listed)`);
    });
  });

  it('is allowed only for leads and admins', async () => {
    const { organizationId } = lead;
    const body = { items: [{ attack_id: 'T1001', risk_score: 9 }] };
    for (const role of ['viewer', 'analyst'] as const) {
      expect((await (await aCaller(http, { role, organizationId })).send('PUT', '/posture', body)).status).toBe(403);
    }
    expect(await changedRows()).toBe(0);
    for (const role of ['blue_lead', 'red_lead', 'admin'] as const) {
      expect((await (await aCaller(http, { role, organizationId })).send('PUT', '/posture', body)).status).toBe(200);
    }
  });

  it('touches nothing of another organisation', async () => {
    const other = await aCaller(http);
    const before = await stored('T1001', other.organizationId);
    await put({ attack_id: 'T1001', status_global: 'validated', risk_score: 99 });
    expect(await stored('T1001', other.organizationId)).toEqual(before);
    expect(await markedChanges(http, other.organizationId)).toEqual([]);
  });

  it('lets concurrent calls with opposite orders wait for each other', async () => {
    const ids = Array.from({ length: 40 }, (_, index) => `T${1001 + index}`);
    const writes = Array.from({ length: 24 }, (_, round) =>
      put(...(round % 2 ? ids : [...ids].reverse()).map((attack_id) => ({ attack_id, risk_score: round }))),
    );
    const answers = await Promise.all(writes);
    expect(answers.map(({ status }) => status)).toEqual(Array(24).fill(200));
    const scores = await http.database.query<{ risk_score: number }>(
      `SELECT DISTINCT risk_score FROM posture p JOIN technique t ON t.id = p.technique_id WHERE p.organization_id = $1 AND t.attack_id = ANY ($2)`,
      [lead.organizationId, ids],
    );
    expect(scores).toHaveLength(1);
  });

  it('accepts 10,000 techniques in one call', async () => {
    await http.database.query(
      `INSERT INTO technique (id, attack_id, name, domain, is_subtechnique, tactics, platforms, attack_version, mitre_created, mitre_last_modified,
         mitre_modified_raw, content_hash, is_revoked, is_deprecated, in_force)
       SELECT vedette_uuidv7(), 'T' || (2000 + n / 1000) || '.' || lpad((n % 1000)::text, 3, '0'), 'Generated ' || n, 'ics-attack', true, '{}', '{}', '1', now(), now(),
         now(), 'x', false, false, true
       FROM generate_series(0, 9999) n`,
    );
    await http.module
      .get(Transactions)
      .run((manager) => http.module.get(PostureService).createRowsFor(manager, lead.organizationId));
    const items = Array.from({ length: 10_000 }, (_, n) => ({
      attack_id: `T${2000 + Math.floor(n / 1000)}.${String(n % 1000).padStart(3, '0')}`,
      status_global: 'partial',
      last_review_date: '2026-03-01',
      risk_score: n % 101,
      owner_email: lead.email,
    }));
    expect((await put(...items)).body).toEqual({ updated: 10_000, unchanged: 0, out_of_scope: [] });
    expect((await put(...items)).body).toEqual({ updated: 0, unchanged: 10_000, out_of_scope: [] });
  });
});

describe('PostureService.createRowsFor', () => {
  it('adds the missing posture rows of an organisation, and leaves the others unchanged', async () => {
    const http = await startPostureHttp();
    try {
      const known = await aTechnique(http.database, { attackId: 'T1001' });
      const lead = await aCaller(http);
      await lead.send('PUT', '/posture', { items: [{ attack_id: 'T1001', risk_score: 42 }] });
      const revoked = await aTechnique(http.database, { attackId: 'T1002', isRevoked: true });
      await http.database.query('DELETE FROM posture WHERE technique_id = $1', [revoked]);
      await http.module
        .get(Transactions)
        .run((manager) => http.module.get(PostureService).createRowsFor(manager, lead.organizationId));
      const rows = await http.database.query(
        'SELECT technique_id, risk_score, in_force, status_global FROM posture WHERE organization_id = $1 ORDER BY technique_id',
        [lead.organizationId],
      );
      expect(rows).toEqual([
        { technique_id: known, risk_score: 42, in_force: true, status_global: 'not_evaluated' },
        { technique_id: revoked, risk_score: null, in_force: false, status_global: 'not_evaluated' },
      ]);
    } finally {
      await http.close();
    }
  });
});
