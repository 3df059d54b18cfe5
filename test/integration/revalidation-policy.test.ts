import { ModuleRef } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { Clock } from '../../src/common/clock.js';
import { Slots, Transactions } from '../../src/database/index.js';
import { RevalidationScheduler } from '../../src/revalidation/policy/revalidation-scheduler.js';
import { RevalidationModule } from '../../src/revalidation/revalidation.module.js';
import { StaleValidations } from '../../src/revalidation/policy/stale-validations.js';
import { aPosture, aTechnique, anOrganization, type PostureFacts } from '../support/factories.js';
import type { Answer, TestHttp } from '../support/http.js';
import { aCaller, markedChanges, startPostureHttp, type Caller } from '../support/posture-http.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';

const DAY_MS = 24 * 3_600_000;
const daysAgo = (days: number, from = NOW): Date => new Date(from.getTime() - days * DAY_MS);

const TIERS = [
  { from_risk: 75, days: 30 },
  { from_risk: 50, days: 90 },
  { from_risk: 0, days: 180 },
];

describe('the revalidation policy', () => {
  let http: TestHttp;
  let admin: Caller;
  let lead: Caller;
  const ids: Record<string, string> = {};

  beforeAll(async () => {
    http = await startPostureHttp();
    for (let number = 1001; number <= 1012; number += 1) {
      ids[`T${number}`] = await aTechnique(http.database, { attackId: `T${number}` });
    }
    ids.T1500 = await aTechnique(http.database, { attackId: 'T1500', isRevoked: true });
  });

  afterAll(() => http.close());

  beforeEach(async () => {
    http.clock.set(NOW);
    admin = await aCaller(http, { role: 'admin' });
    lead = await aCaller(http, { role: 'red_lead', organizationId: admin.organizationId });
  });

  const put = (body: object): Promise<Answer> => admin.send('PUT', '/revalidation-policy', body);
  const run = (body: object = {}): Promise<Answer> => lead.send('POST', '/revalidation-policy/run', body);

  const posture = (attackId: string, facts: PostureFacts): Promise<void> =>
    aPosture(http.database, admin.organizationId, ids[attackId]!, { statusGlobal: 'validated', ...facts });

  async function queued(status = ''): Promise<string[]> {
    const { items } = (await lead.get(`/revalidation-queue${status && `?status=${status}`}`)).body;
    return items.map((item: { attack_id: string }) => item.attack_id).sort();
  }

  async function finish(attackId: string, changes: object): Promise<void> {
    const { items } = (await lead.get('/revalidation-queue')).body;
    const item = items.find(
      (one: { attack_id: string; status: string }) => one.attack_id === attackId && one.status === 'pending',
    );
    expect((await lead.send('PATCH', `/revalidation-queue/${item.id}`, changes)).status).toBe(200);
  }

  it('has default tiers of 30, 90 and 180 days, and is disabled by default', async () => {
    expect((await lead.get('/revalidation-policy')).body).toEqual({
      is_enabled: false,
      tiers: TIERS,
      due_in_days: 14,
      updated_at: null,
      updated_by: null,
    });
  });

  it('is stored as an admin writes it, highest risk first, only for their organisation', async () => {
    const tiers = [
      { from_risk: 0, days: 365 },
      { from_risk: 62.5, days: 7 },
    ];
    const answer = await put({ is_enabled: true, tiers, due_in_days: 3 });
    expect(answer.body).toEqual({
      is_enabled: true,
      tiers: [tiers[1], tiers[0]],
      due_in_days: 3,
      updated_at: NOW.toISOString(),
      updated_by: admin.userId,
    });
    expect((await lead.get('/revalidation-policy')).body).toEqual(answer.body);
    expect((await put({ is_enabled: false, tiers: TIERS })).body).toMatchObject({ is_enabled: false, due_in_days: 14 });
    expect((await (await aCaller(http)).get('/revalidation-policy')).body).toMatchObject({ updated_at: null });
    expect((await lead.send('PUT', '/revalidation-policy', { is_enabled: true, tiers })).status).toBe(403);
  });

  it.each([
    ['is_enabled', { is_enabled: 'yes' }, 'must be true or false'],
    ['tiers', { tiers: undefined }, 'must be a list of 1 to 10 tiers, each with from_risk and days'],
    ['tiers', { tiers: [] }, 'must be a list of 1 to 10 tiers, each with from_risk and days'],
    ['tiers[0].from_risk', { tiers: [{ from_risk: 101, days: 3 }] }, 'must be a risk score from 0 to 100'],
    ['tiers[0].days', { tiers: [{ from_risk: 0, days: 0 }] }, 'must be a whole number of days from 1 to 3650'],
    ['tiers[0].days', { tiers: [{ from_risk: 0, days: 1.5 }] }, 'must be a whole number of days from 1 to 3650'],
    [
      'tiers',
      { tiers: [{ from_risk: 1, days: 3 }] },
      'must have a tier with from_risk 0, so that every technique belongs to one',
    ],
    [
      'tiers[1].from_risk',
      { tiers: [TIERS[2], { from_risk: 0, days: 3 }] },
      'is 0, as in tiers[0]: give each tier its own',
    ],
    ['due_in_days', { due_in_days: 366 }, 'must be a whole number of days from 1 to 365'],
    ['every', { every: 5 }, 'is not a known field'],
  ])('refuses a bad %s: %j', async (field, changes, message) => {
    const answer = await put({ is_enabled: true, tiers: TIERS, ...changes });
    expect([answer.status, answer.body.errors]).toEqual([400, [{ field, message }]]);
    expect((await admin.get('/revalidation-policy')).body).toMatchObject({ is_enabled: false, updated_at: null });
  });

  it('queues validated techniques older than their tier allows, with a reason and a due date', async () => {
    await put({ is_enabled: true, tiers: TIERS });
    await posture('T1001', { riskScore: 75, lastReviewDate: daysAgo(31) });
    await posture('T1002', { riskScore: 75, lastReviewDate: daysAgo(30) });
    await posture('T1003', { riskScore: 74.9, lastReviewDate: daysAgo(31) });
    await posture('T1004', { riskScore: 62.5, lastReviewDate: daysAgo(91) });
    await posture('T1005', { riskScore: null, lastReviewDate: daysAgo(179) });
    await posture('T1006', { riskScore: null, lastReviewDate: new Date('2025-01-02T03:00:00Z') });
    await posture('T1007', { riskScore: 90, lastReviewDate: null });
    await posture('T1008', { riskScore: 90, lastReviewDate: daysAgo(900), statusGlobal: 'partial' });
    await posture('T1009', { riskScore: 90, lastReviewDate: daysAgo(900), statusGlobal: 'not_applicable' });
    await posture('T1500', { riskScore: 90, lastReviewDate: daysAgo(900) });
    const expected = ['T1001', 'T1004', 'T1006'];

    expect((await run({ dry_run: true })).body).toEqual({ added: 3, dry_run: true, without_review_date: 1 });
    expect(await queued()).toEqual([]);
    expect(await markedChanges(http, admin.organizationId)).toEqual([]);

    expect((await run()).body).toEqual({ added: 3, dry_run: false, without_review_date: 1 });
    expect(await queued()).toEqual(expected);
    expect(await markedChanges(http, admin.organizationId)).toEqual(['queue']);
    const { items } = (await lead.get('/revalidation-queue')).body;
    const of = (attackId: string): unknown => items.find((item: { attack_id: string }) => item.attack_id === attackId);
    expect(of('T1006')).toMatchObject({
      status: 'pending',
      source: 'policy',
      reason: 'Validated and last reviewed on 2025-01-02, more than 180 days ago: it has no risk score',
      assignee_id: null,
      created_by: null,
      created_at: NOW.toISOString(),
      due_at: new Date(NOW.getTime() + 14 * DAY_MS).toISOString(),
      outcome: null,
      reviewed_at: null,
    });
    expect(of('T1004')).toMatchObject({
      reason: expect.stringMatching(/more than 90 days ago: its risk score is 62.5$/),
    });
    expect((await run()).body.added).toBe(0);
  });

  it('queues each validation once, until the technique is validated again', async () => {
    await put({ is_enabled: true, tiers: TIERS });
    for (const attackId of ['T1001', 'T1002', 'T1003', 'T1004']) {
      await posture(attackId, { riskScore: 80, lastReviewDate: daysAgo(40) });
    }
    await lead.send('POST', '/revalidation-queue', { attack_id: 'T1004', reason: 'by hand' });
    expect((await run()).body.added).toBe(3);

    await finish('T1001', { status: 'cancelled' });
    await finish('T1002', { status: 'done' });
    await finish('T1003', { status: 'done', outcome: 'passed' });
    await finish('T1004', { status: 'cancelled' });
    http.clock.advanceMs(20 * DAY_MS);
    expect((await run()).body.added).toBe(0);

    await lead.send('PUT', '/posture', {
      items: [{ attack_id: 'T1001', last_review_date: daysAgo(35, http.clock.now()).toISOString() }],
    });
    http.clock.advanceMs(11 * DAY_MS);
    expect((await run({ dry_run: true })).body.added).toBe(2);
    expect((await run()).body.added).toBe(2);
    expect(await queued('pending')).toEqual(['T1001', 'T1003']);
  });

  it('queues a technique whose earlier item was finished before it went stale', async () => {
    await put({ is_enabled: true, tiers: TIERS });
    await posture('T1001', { riskScore: 80, lastReviewDate: daysAgo(20) });
    await lead.send('POST', '/revalidation-queue', { attack_id: 'T1001' });
    await finish('T1001', { status: 'cancelled' });
    http.clock.advanceMs(11 * DAY_MS);
    expect((await run()).body.added).toBe(1);
  });

  it('only counts while it is disabled', async () => {
    await posture('T1001', { riskScore: 80, lastReviewDate: daysAgo(40) });
    expect((await run({ dry_run: true })).body).toMatchObject({ added: 1, dry_run: true });
    const refused = await run();
    expect([refused.status, refused.body.detail]).toEqual([
      409,
      'the revalidation policy is not enabled: an admin can enable it with PUT /revalidation-policy; dry_run works without that',
    ]);
    expect(await queued()).toEqual([]);
    const other = await aCaller(http, { role: 'analyst', organizationId: admin.organizationId });
    expect((await other.send('POST', '/revalidation-policy/run', {})).status).toBe(403);
  });
});

describe('the daily run of all policies', () => {
  let context: TestContext;
  let organizations: string[];
  const extra: RevalidationScheduler[] = [];

  beforeEach(async () => {
    context = await startTestModule([ScheduleModule.forRoot(), RevalidationModule]);
    organizations = [];
    for (let index = 0; index < 3; index += 1) organizations.push(await anOrganization(context.database));
    for (const attackId of ['T1001', 'T1002']) {
      const id = await aTechnique(context.database, { attackId });
      for (const organizationId of organizations) {
        await aPosture(context.database, organizationId, id, {
          statusGlobal: 'validated',
          riskScore: 80,
          lastReviewDate: daysAgo(attackId === 'T1001' ? 40 : 29),
        });
      }
    }
    for (const [index, organizationId] of organizations.entries()) {
      await context.database.query(
        'INSERT INTO revalidation_policy (organization_id, is_enabled, tiers, due_in_days, updated_at, updated_by) VALUES ($1, $2, $3, 14, $4, $1)',
        [organizationId, index !== 1, JSON.stringify(TIERS), NOW],
      );
    }
  });

  afterEach(async () => {
    for (const scheduler of extra.splice(0)) await scheduler.beforeApplicationShutdown();
    await context.close();
  });

  const at = (time: string): unknown => context.clock.set(new Date(time));

  /** The scheduler of another process on the same database. */
  function replica(stale = context.module.get(StaleValidations)): RevalidationScheduler {
    const { module } = context;
    const made = new RevalidationScheduler(
      stale,
      module.get(Transactions),
      module.get(Slots),
      module.get(Clock),
      module.get(ModuleRef),
    );
    extra.push(made);
    return made;
  }

  async function queued(): Promise<(string | number)[][]> {
    const rows = await context.database.query<{ organization_id: string; attack_id: string }>(
      `SELECT q.organization_id, t.attack_id FROM revalidation_item q JOIN technique t ON t.id = q.technique_id
       WHERE q.source = 'policy' AND q.created_by IS NULL ORDER BY t.attack_id, q.organization_id`,
    );
    return rows.map((row) => [organizations.indexOf(row.organization_id), row.attack_id]);
  }

  const FIRST_DAY = [
    [0, 'T1001'],
    [2, 'T1001'],
  ];

  it('runs once a day for every organisation with an enabled policy, with any number of replicas, and wakes their evaluation', async () => {
    at('2026-03-10T00:20:00.000Z');
    let times = 0;
    const counting = Object.create(context.module.get(StaleValidations), {
      enqueue: {
        value: (...args: Parameters<StaleValidations['enqueue']>) => (
          (times += 1),
          context.module.get(StaleValidations).enqueue(...args)
        ),
      },
    }) as StaleValidations;
    await Promise.all([replica(counting), replica(counting), replica(counting)].map((each) => each.tick()));
    expect(times).toBe(1);
    expect(await queued()).toEqual(FIRST_DAY);
    const marked = await context.database.query('SELECT organization_id FROM posture_change ORDER BY organization_id');
    expect(marked).toEqual([organizations[0], organizations[2]].map((organization_id) => ({ organization_id })));

    at('2026-03-13T00:20:00.100Z');
    await Promise.all([replica(counting), replica(counting)].map((each) => each.tick()));
    expect(times).toBe(2);
    expect(await queued()).toEqual([...FIRST_DAY, [0, 'T1002'], [2, 'T1002']]);
  });

  it('runs at the start if it was missed, and again if the replica that claimed it failed', async () => {
    at('2026-03-10T00:19:00.000Z');
    await replica().catchUp();
    expect(await queued()).toEqual([]);
    at('2026-03-10T09:00:00.000Z');
    const failing = Object.create(context.module.get(StaleValidations), {
      enqueue: { value: () => Promise.reject(new Error('the disk is full')) },
    }) as StaleValidations;
    await expect(replica(failing).tick()).resolves.toBeUndefined();
    await replica().tick();
    expect(await queued()).toEqual([]);
    await context.module.get(RevalidationScheduler).start();
    expect(await queued()).toEqual(FIRST_DAY);
    await context.database.query('DELETE FROM revalidation_item');
    await replica().catchUp();
    expect(await queued()).toEqual([]);
  });

  it('adds nothing twice when replicas run it at the same time', async () => {
    const enqueue = (): Promise<number> =>
      context.module.get(Transactions).run((manager) => context.module.get(StaleValidations).enqueue(manager, NOW));
    const added = await Promise.all([enqueue(), enqueue(), enqueue(), enqueue()]);
    expect(added.reduce((sum, count) => sum + count, 0)).toBe(2);
    expect(await queued()).toEqual(FIRST_DAY);
  });
});
