import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { aMember, aPosture, aTechnique } from '../support/factories.js';
import type { Answer, TestHttp } from '../support/http.js';
import { aCaller, markedChanges, startPostureHttp, type Caller } from '../support/posture-http.js';
import { NOW } from '../support/test-module.js';

describe('revalidation queue', () => {
  let http: TestHttp;
  let analyst: Caller;
  const techniques: Record<string, string> = {};

  beforeAll(async () => {
    http = await startPostureHttp();
    for (const attackId of ['T1001', 'T1002', 'T1003', 'T1059.001']) {
      techniques[attackId] = await aTechnique(http.database, { attackId });
    }
    await aTechnique(http.database, { attackId: 'T1500', isRevoked: true, replacedById: techniques.T1001 });
    await aTechnique(http.database, { attackId: 'T1501', isDeprecated: true });
  });

  afterAll(() => http.close());

  beforeEach(async () => {
    http.clock.set(NOW);
    analyst = await aCaller(http, { role: 'analyst' });
  });

  const add = (attackId: string, others: object = {}): Promise<Answer> =>
    analyst.send('POST', '/revalidation-queue', { attack_id: attackId, ...others });
  const change = (id: string, body: object): Promise<Answer> =>
    analyst.send('PATCH', `/revalidation-queue/${id}`, body);

  async function added(attackId: string): Promise<string> {
    const { status, body } = await add(attackId);
    expect(status).toBe(201);
    return body.id;
  }

  async function forgetMarks(): Promise<void> {
    await http.database.query('DELETE FROM posture_change');
  }

  it('adds an item and returns all its fields', async () => {
    const answer = await add('t1059.001', {
      reason: 'EDR was replaced',
      assignee_id: analyst.userId,
      due_at: '2026-04-01',
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      id: expect.any(String),
      technique_id: techniques['T1059.001'],
      attack_id: 'T1059.001',
      technique_name: 'Technique T1059.001',
      status: 'pending',
      source: 'manual',
      outcome: null,
      reviewed_at: null,
      reason: 'EDR was replaced',
      assignee_id: analyst.userId,
      assignee_email: analyst.email,
      due_at: '2026-04-01T00:00:00.000Z',
      created_by: analyst.userId,
      created_at: NOW.toISOString(),
      updated_at: NOW.toISOString(),
      completed_at: null,
    });
    expect((await analyst.get('/revalidation-queue')).body).toEqual({
      items: [answer.body],
      total: 1,
      next_cursor: null,
    });
    expect(await markedChanges(http, analyst.organizationId)).toEqual(['queue']);
  });

  it('keeps at most one unfinished item of a technique', async () => {
    const first = await added('T1001');
    await forgetMarks();
    const second = await add('T1001');
    expect([second.status, second.body.detail]).toEqual([
      409,
      'T1001 has another unfinished item in the queue: finish that one first',
    ]);
    expect(await markedChanges(http, analyst.organizationId)).toEqual([]);
    await change(first, { status: 'in_progress' });
    expect((await add('T1001')).status).toBe(409);
    await change(first, { status: 'done' });
    expect((await add('T1001')).status).toBe(201);
  });

  it('lets only one of several concurrent calls add a technique', async () => {
    const statuses = (await Promise.all(Array.from({ length: 6 }, () => add('T1002')))).map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 409, 409, 409, 409, 409]);
  });

  it.each([
    [{ attack_id: 'T1500' }, 'attack_id must name a technique in scope: T1500 is revoked, replaced by T1001'],
    [{ attack_id: 'T1501' }, 'attack_id must name a technique in scope: T1501 is deprecated'],
    [{ attack_id: 'T9999' }, 'attack_id must name a technique of the catalogue, which has no T9999'],
    [{ attack_id: 'powershell' }, 'attack_id must be an ATT&CK id such as T1059 or T1059.001'],
    [{}, 'attack_id must be an ATT&CK id such as T1059 or T1059.001'],
    [
      { attack_id: 'T1001', assignee_id: '019cd000-0000-7000-8000-000000000000' },
      'assignee_id is not an active member of this organisation',
    ],
    [
      { attack_id: 'T1001', assignee_id: 'me' },
      'assignee_id must be the id of an active member of this organisation, or null',
    ],
    [{ attack_id: 'T1001', reason: 'x'.repeat(2001) }, 'reason must be text of at most 2000 characters, or null'],
    [
      { attack_id: 'T1001', due_at: 'tomorrow' },
      'due_at must be an ISO 8601 date from 1970 on such as 2026-03-01, or a date and time with its zone such as 2026-03-01T09:30:00Z, or null',
    ],
    [{ attack_id: 'T1001', status: 'done' }, 'status is not a known field'],
  ])('refuses %j', async (body, detail) => {
    const answer = await analyst.send('POST', '/revalidation-queue', body);
    expect([answer.status, answer.body.detail]).toEqual([400, detail]);
    expect((await analyst.get('/revalidation-queue')).body.total).toBe(0);
  });

  it('refuses a technique that is not applicable here', async () => {
    await aPosture(http.database, analyst.organizationId, techniques.T1003!, { statusGlobal: 'not_applicable' });
    expect((await add('T1003')).body.detail).toBe(
      'attack_id must name a technique in scope: T1003 is not_applicable here',
    );
  });

  it('refuses inactive members and members of other organisations as assignees', async () => {
    const inactive = await aMember(http.database, analyst.organizationId, { isActive: false });
    const elsewhere = await aCaller(http);
    const id = await added('T1001');
    for (const { userId } of [inactive, elsewhere]) {
      expect((await add('T1002', { assignee_id: userId })).body.detail).toBe(
        'assignee_id is not an active member of this organisation',
      );
      expect((await change(id, { assignee_id: userId })).body.detail).toBe(
        'assignee_id is not an active member of this organisation',
      );
    }
  });

  it('keeps the completion time of an item until it is opened again', async () => {
    const id = await added('T1001');
    http.clock.advanceMs(60_000);
    const finishedAt = http.clock.now().toISOString();
    expect((await change(id, { status: 'done' })).body).toMatchObject({
      status: 'done',
      completed_at: finishedAt,
      updated_at: finishedAt,
    });
    http.clock.advanceMs(60_000);
    expect((await change(id, { status: 'done' })).body).toMatchObject({
      completed_at: finishedAt,
      updated_at: finishedAt,
    });
    expect((await change(id, { status: 'in_progress' })).body).toMatchObject({
      status: 'in_progress',
      completed_at: null,
    });
    expect((await change(id, { status: 'cancelled' })).body).toMatchObject({
      status: 'cancelled',
      completed_at: http.clock.now().toISOString(),
    });
  });

  it('opens a finished item again only if no other item is unfinished', async () => {
    const first = await added('T1001');
    await change(first, { status: 'done' });
    const second = await added('T1001');
    await forgetMarks();
    const refused = await change(first, { status: 'pending', reason: 'again' });
    expect([refused.status, refused.body.detail]).toEqual([
      409,
      'T1001 has another unfinished item in the queue: finish that one first',
    ]);
    expect(await markedChanges(http, analyst.organizationId)).toEqual([]);
    await change(second, { status: 'cancelled' });
    expect((await change(first, { status: 'pending' })).status).toBe(200);
  });

  it('changes the given fields, clears those that are null and leaves the rest', async () => {
    const { body } = await add('T1001', { reason: 'old', assignee_id: analyst.userId, due_at: '2026-04-01' });
    expect((await change(body.id, { due_at: '2026-05-01T10:00:00+02:00' })).body).toMatchObject({
      reason: 'old',
      assignee_id: analyst.userId,
      due_at: '2026-05-01T08:00:00.000Z',
    });
    expect((await change(body.id, { assignee_id: null, reason: null, due_at: null })).body).toMatchObject({
      reason: null,
      assignee_id: null,
      assignee_email: null,
      due_at: null,
      status: 'pending',
    });
  });

  it('wakes the evaluation only if something changed', async () => {
    const id = await added('T1001');
    await forgetMarks();
    expect((await change(id, { status: 'pending', reason: null })).status).toBe(200);
    expect((await change(id, {})).status).toBe(200);
    expect(await markedChanges(http, analyst.organizationId)).toEqual([]);
    await change(id, { status: 'done' });
    expect(await markedChanges(http, analyst.organizationId)).toEqual(['queue']);
  });

  it.each([
    [{ status: 'finished' }, 'status must be one of pending, in_progress, done, cancelled'],
    [{ reason: 5 }, 'reason must be text of at most 2000 characters, or null'],
    [{ attack_id: 'T1002' }, 'attack_id is read-only: leave it out, or send it as GET shows it'],
  ])('refuses the change %j', async (body, detail) => {
    const answer = await change(await added('T1001'), body);
    expect([answer.status, answer.body.detail]).toEqual([400, detail]);
  });

  it('lets one of two concurrent changes succeed, and answers the other with a conflict', async () => {
    const id = await added('T1001');
    await forgetMarks();
    await http.database.query('BEGIN');
    await http.database.query(`UPDATE revalidation_item SET status = 'cancelled' WHERE id = $1`, [id]);
    const second = change(id, { status: 'done', reason: 'validated' });
    await untilSomebodyWaits();
    await http.database.query('COMMIT');
    expect((await second).status).toBe(409);
    expect((await second).body.detail).toBe(
      'the item became cancelled meanwhile: reload it before changing its status',
    );
    expect((await analyst.get('/revalidation-queue')).body.items).toMatchObject([
      { status: 'cancelled', reason: null },
    ]);
    expect(await markedChanges(http, analyst.organizationId)).toEqual([]);
  });

  async function untilSomebodyWaits(): Promise<void> {
    for (;;) {
      const [row] = await http.database.query<{ waits: boolean }>(
        'SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database()) AS waits',
      );
      if (row?.waits) return;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  it('lists oldest first, by status and by assignee, in pages', async () => {
    const ids: string[] = [];
    for (const attackId of ['T1001', 'T1002', 'T1003']) {
      ids.push(await added(attackId));
      http.clock.advanceMs(1_000);
    }
    await change(ids[0]!, { status: 'done', assignee_id: analyst.userId });
    const idsOf = async (query: string) =>
      (await analyst.get(`/revalidation-queue${query}`)).body.items.map((item: { id: string }) => item.id);
    expect(await idsOf('')).toEqual(ids);
    expect(await idsOf('?status=pending')).toEqual(ids.slice(1));
    expect(await idsOf(`?assignee_id=${analyst.userId}`)).toEqual(ids.slice(0, 1));
    expect(await idsOf(`?status=pending&assignee_id=${analyst.userId}`)).toEqual([]);
    const first = (await analyst.get('/revalidation-queue?limit=2')).body;
    expect(first).toMatchObject({ total: 3, next_cursor: expect.any(String) });
    expect(await idsOf(`?limit=2&cursor=${first.next_cursor}`)).toEqual(ids.slice(2));
    expect(await idsOf('?offset=1&limit=1')).toEqual([ids[1]]);
    expect((await analyst.get('/revalidation-queue?limit=3')).body).toMatchObject({
      items: { length: 3 },
      next_cursor: null,
    });
    expect((await analyst.get('/revalidation-queue?status=open')).status).toBe(400);
  });

  it('is readable by viewers and writable by analysts', async () => {
    const viewer = await aCaller(http, { role: 'viewer', organizationId: analyst.organizationId });
    const id = await added('T1001');
    expect((await viewer.get('/revalidation-queue')).body.total).toBe(1);
    expect((await viewer.send('POST', '/revalidation-queue', { attack_id: 'T1002' })).status).toBe(403);
    expect((await viewer.send('PATCH', `/revalidation-queue/${id}`, { status: 'done' })).status).toBe(403);
  });

  it("does not find another organisation's items", async () => {
    const other = await aCaller(http, { role: 'admin' });
    const id = await added('T1001');
    expect((await other.get('/revalidation-queue')).body).toEqual({ items: [], total: 0, next_cursor: null });
    for (const unknown of [id, '019cd000-0000-7000-8000-000000000000', 'nonsense']) {
      expect((await other.send('PATCH', `/revalidation-queue/${unknown}`, { status: 'done' })).status).toBe(404);
    }
    expect((await other.send('POST', '/revalidation-queue', { attack_id: 'T1001' })).status).toBe(201);
    expect((await analyst.get('/revalidation-queue')).body.items).toMatchObject([{ id, status: 'pending' }]);
  });
});
