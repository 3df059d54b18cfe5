import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ModuleRef } from '@nestjs/core';
import { Clock } from '../../src/common/clock.js';
import { Environment } from '../../src/config/index.js';
import { Slots } from '../../src/database/index.js';
import { Metrics } from '../../src/metrics/index.js';
import { SnapshotScheduler } from '../../src/snapshots/snapshot-scheduler.js';
import { SnapshotsModule } from '../../src/snapshots/snapshots.module.js';
import { SnapshotsService } from '../../src/snapshots/snapshots.service.js';
import { Exposition } from '../support/exposition.js';
import { anOrganization, aPosture, aSnapshot, aTechnique } from '../support/factories.js';
import type { TestHttp } from '../support/http.js';
import { aCaller, markedChanges, startPostureHttp, type Caller } from '../support/posture-http.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';

describe('snapshots', () => {
  let http: TestHttp;
  let lead: Caller;
  const techniques: string[] = [];

  beforeAll(async () => {
    http = await startPostureHttp();
    for (let number = 1001; number <= 1009; number += 1) {
      techniques.push(await aTechnique(http.database, { attackId: `T${number}` }));
    }
    techniques.push(await aTechnique(http.database, { attackId: 'T1500', isRevoked: true }));
  });

  afterAll(() => http.close());

  beforeEach(async () => {
    http.clock.set(NOW);
    lead = await aCaller(http);
  });

  const counts = { total: 8, validated: 2, partial: 1 };
  const put = (date: string, body: object) => lead.send('PUT', `/snapshots/${date}`, body);

  /**
   * 2 validated, 1 partial, 2 in progress, 1 not covered, 2 not evaluated. 1 not applicable and 1 revoked do not count.
   */
  async function fillIn(): Promise<void> {
    const statuses = [
      'validated',
      'validated',
      'partial',
      'in_progress',
      'in_progress',
      'not_covered',
      'not_applicable',
    ] as const;
    for (const [index, statusGlobal] of statuses.entries()) {
      await aPosture(http.database, lead.organizationId, techniques[index]!, { statusGlobal });
    }
    await aPosture(http.database, lead.organizationId, techniques.at(-1)!, { statusGlobal: 'validated' });
  }

  const taken = {
    date: '2026-03-10',
    coverage_pct: 31.25,
    total: 8,
    validated: 2,
    partial: 1,
    in_progress: 2,
    not_covered: 1,
    not_evaluated: 2,
    source: 'manual',
    updated_at: NOW.toISOString(),
    rollup: 'flat',
    formula_version: 1,
    scope: null,
    attack_versions: {},
    tactics: {
      'enterprise-attack': {
        execution: {
          total: 8,
          validated: 2,
          partial: 1,
          in_progress: 2,
          not_covered: 1,
          not_evaluated: 2,
          coverage_pct: 31.25,
        },
      },
    },
    baseline_pct: null,
    baseline_date: null,
  };

  it('takes the coverage of the techniques in scope, for today in UTC', async () => {
    await fillIn();
    const answer = await lead.send('POST', '/snapshots');
    expect([answer.status, answer.body]).toEqual([201, taken]);
    expect(await markedChanges(http, lead.organizationId)).toEqual(['snapshot']);
    expect((await lead.get('/snapshots')).body).toEqual({ items: [taken], total: 1, next_cursor: null });
  });

  it("replaces the day's row, whatever its source", async () => {
    await fillIn();
    await put('2026-03-10', { ...counts, validated: 7 });
    await lead.send('POST', '/snapshots');
    await aPosture(http.database, lead.organizationId, techniques[2]!, { statusGlobal: 'validated' });
    http.clock.set(new Date('2026-03-10T23:59:59.999Z'));
    await lead.send('POST', '/snapshots');
    http.clock.set(new Date('2026-03-11T00:00:00.000Z'));
    await lead.send('POST', '/snapshots');
    expect((await lead.get('/snapshots')).body.items).toMatchObject([
      { date: '2026-03-11', coverage_pct: 37.5 },
      { date: '2026-03-10', coverage_pct: 37.5, source: 'manual', updated_at: '2026-03-10T23:59:59.999Z' },
    ]);
  });

  it('takes no snapshot if no technique is in scope', async () => {
    for (const id of techniques) {
      await aPosture(http.database, lead.organizationId, id, { statusGlobal: 'not_applicable' });
    }
    const answer = await lead.send('POST', '/snapshots');
    expect([answer.status, answer.body.detail]).toEqual([
      409,
      'no technique is in scope, so there is no coverage to take a snapshot of',
    ]);
    expect((await lead.get('/snapshots')).body.total).toBe(0);
  });

  it('imports a past day, with the coverage computed from the counts', async () => {
    const answer = await put('2025-12-31', counts);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      ...counts,
      date: '2025-12-31',
      coverage_pct: 31.25,
      in_progress: 0,
      not_covered: 0,
      not_evaluated: 0,
      source: 'historical',
      updated_at: NOW.toISOString(),
      rollup: 'flat',
      formula_version: 1,
      scope: null,
      attack_versions: null,
      tactics: null,
      baseline_pct: null,
      baseline_date: null,
    });
    expect(await markedChanges(http, lead.organizationId)).toEqual(['snapshot']);
    await put('2025-12-31', { ...counts, in_progress: 1, not_covered: 2, not_evaluated: 2 });
    expect((await lead.get('/snapshots')).body).toMatchObject({
      total: 1,
      items: [{ in_progress: 1, not_covered: 2, not_evaluated: 2 }],
    });
  });

  it.each([31.24, 31.25, 31.26])('accepts that the coverage is %d', async (coverage_pct) => {
    expect((await put('2026-01-01', { ...counts, coverage_pct })).body.coverage_pct).toBe(31.25);
  });

  it('accepts coverage that is rounded to two decimals', async () => {
    expect(
      (await put('2026-01-01', { total: 3, validated: 1, partial: 0, coverage_pct: 33.33 })).body.coverage_pct,
    ).toBe(100 / 3);
  });

  const countWords = 'must be a whole number from 0 to 1000000';
  it.each([
    [
      { ...counts, coverage_pct: 31.2399 },
      'coverage_pct must agree with the counts, which give 31.25; it can be left out',
    ],
    [
      { ...counts, coverage_pct: 31.2601 },
      'coverage_pct must agree with the counts, which give 31.25; it can be left out',
    ],
    [{ ...counts, coverage_pct: null }, 'coverage_pct must be a number from 0 to 100'],
    [{ ...counts, coverage_pct: 101 }, 'coverage_pct must be a number from 0 to 100'],
    [{ coverage_pct: 31.25 }, 'total must be a whole number from 1 to 1000000 (and 2 more)'],
    [{ ...counts, total: 0 }, 'total must be a whole number from 1 to 1000000'],
    [{ ...counts, validated: -1 }, `validated ${countWords}`],
    [{ ...counts, partial: 0.5 }, `partial ${countWords}`],
    [{ ...counts, not_evaluated: '3' }, `not_evaluated ${countWords}`],
    [{ ...counts, not_covered: null }, `not_covered ${countWords}`],
    [{ ...counts, not_covered: 3, not_evaluated: 3 }, 'total must be at least the sum of the counts, which is 9'],
    [{ ...counts, source: 'manual' }, 'source is not a known field'],
  ])('refuses %j', async (body, detail) => {
    const answer = await put('2026-01-01', body);
    expect([answer.status, answer.body.detail]).toEqual([400, detail]);
    expect((await lead.get('/snapshots')).body.total).toBe(0);
  });

  it.each([
    ['2026-02-29', 'date must be a date from 1970 on, written YYYY-MM-DD'],
    ['2026-1-1', 'date must be a date from 1970 on, written YYYY-MM-DD'],
    ['2026-03-09T00:00:00Z', 'date must be a date from 1970 on, written YYYY-MM-DD'],
    ['yesterday', 'date must be a date from 1970 on, written YYYY-MM-DD'],
    ['2026-03-11', 'date must not lie in the future; today is 2026-03-10 in UTC'],
  ])('refuses the day %s', async (date, detail) => {
    const answer = await put(date, counts);
    expect([answer.status, answer.body.detail]).toEqual([400, detail]);
  });

  it('lists newest first, between two days, in pages', async () => {
    for (const day of ['01', '02', '03', '04']) await put(`2026-03-${day}`, counts);
    const datesOf = async (query: string) =>
      (await lead.get(`/snapshots${query}`)).body.items.map((item: { date: string }) => item.date.slice(8));
    expect(await datesOf('')).toEqual(['04', '03', '02', '01']);
    expect(await datesOf('?from=2026-03-02&to=2026-03-03')).toEqual(['03', '02']);
    expect(await datesOf('?from=2026-03-05')).toEqual([]);
    expect(await datesOf('?to=2026-03-01')).toEqual(['01']);
    const first = (await lead.get('/snapshots?limit=3')).body;
    expect(first).toMatchObject({ total: 4, next_cursor: expect.any(String) });
    expect(await datesOf(`?limit=3&cursor=${first.next_cursor}`)).toEqual(['01']);
    expect(await datesOf('?limit=1&offset=1')).toEqual(['03']);
    expect((await lead.get('/snapshots?limit=4')).body).toMatchObject({ items: { length: 4 }, next_cursor: null });
  });

  it.each([
    ['?from=2026-02-30', 'from must be a date from 1970 on, written YYYY-MM-DD'],
    ['?to=today', 'to must be a date from 1970 on, written YYYY-MM-DD'],
    [
      `?cursor=${Buffer.from('["T1059","019cd000-0000-7000-8000-000000000000"]').toString('base64url')}`,
      'cursor must be the next_cursor of an earlier page, unchanged',
    ],
  ])('refuses to list %s', async (query, detail) => {
    const answer = await lead.get(`/snapshots${query}`);
    expect([answer.status, answer.body.detail]).toEqual([400, detail]);
  });

  it('is read by viewers and written by leads', async () => {
    for (const role of ['viewer', 'analyst'] as const) {
      const reader = await aCaller(http, { role, organizationId: lead.organizationId });
      expect((await reader.get('/snapshots')).status).toBe(200);
      expect((await reader.send('POST', '/snapshots')).status).toBe(403);
      expect((await reader.send('PUT', '/snapshots/2026-01-01', counts)).status).toBe(403);
    }
  });

  it("neither shows nor replaces another organisation's", async () => {
    const other = await aCaller(http);
    await put('2026-03-10', counts);
    expect((await other.get('/snapshots')).body).toEqual({ items: [], total: 0, next_cursor: null });
    await other.send('POST', '/snapshots');
    expect((await lead.get('/snapshots')).body.items).toMatchObject([{ source: 'historical', validated: 2 }]);
  });
});

describe('the daily snapshot', () => {
  let context: TestContext;
  let organizations: string[];
  const extra: SnapshotScheduler[] = [];

  beforeEach(async () => {
    context = await startTestModule([ScheduleModule.forRoot(), SnapshotsModule], {
      environment: { VEDETTE_SNAPSHOT_CRON: '5 0 * * *' },
    });
    organizations = [
      await anOrganization(context.database),
      await anOrganization(context.database),
      await anOrganization(context.database),
    ];
    const [first, second] = [
      await aTechnique(context.database, { attackId: 'T1001' }),
      await aTechnique(context.database, { attackId: 'T1002' }),
    ];
    await aPosture(context.database, organizations[0]!, first, { statusGlobal: 'validated' });
    await aPosture(context.database, organizations[1]!, first, { statusGlobal: 'partial' });
    for (const id of [first, second]) {
      await aPosture(context.database, organizations[2]!, id, { statusGlobal: 'not_applicable' });
    }
  });

  afterEach(async () => {
    for (const scheduler of extra.splice(0)) await scheduler.beforeApplicationShutdown();
    await context.close();
  });

  const scheduler = () => context.module.get(SnapshotScheduler);
  const at = (time: string) => context.clock.set(new Date(time));

  /** The scheduler of another process on the same database. */
  function replica(snapshots = context.module.get(SnapshotsService)): SnapshotScheduler {
    const { module } = context;
    const made = new SnapshotScheduler(
      snapshots,
      module.get(Slots),
      module.get(Clock),
      module.get(Environment),
      module.get(ModuleRef),
    );
    extra.push(made);
    return made;
  }

  function rows() {
    return context.database.query<{ organization_id: string; date: string; coverage_pct: number; source: string }>(
      'SELECT organization_id, snapshot_date::text AS date, coverage_pct, source FROM posture_snapshot ORDER BY snapshot_date, organization_id',
    );
  }

  const scheduled = (date: string) => [
    { organization_id: organizations[0], date, coverage_pct: 50, source: 'scheduled' },
    { organization_id: organizations[1], date, coverage_pct: 25, source: 'scheduled' },
  ];

  it('is taken of every organisation with a technique in scope, and wakes their evaluation', async () => {
    await aSnapshot(context.database, organizations[0]!, '2026-03-10', 99);
    at('2026-03-10T00:05:00.000Z');
    await scheduler().tick();
    expect(await rows()).toEqual(scheduled('2026-03-10'));
    const marked = await context.database.query(
      'SELECT organization_id, kinds FROM posture_change ORDER BY organization_id',
    );
    expect(marked).toEqual(
      organizations.slice(0, 2).map((organization_id) => ({ organization_id, kinds: ['snapshot'] })),
    );
  });

  it('is taken once for each slot by any number of replicas', async () => {
    at('2026-03-10T00:05:00.000Z');
    let times = 0;
    const counting = Object.create(context.module.get(SnapshotsService), {
      takeForAll: { value: (now: Date) => ((times += 1), context.module.get(SnapshotsService).takeForAll(now)) },
    }) as SnapshotsService;
    await Promise.all([replica(counting), replica(counting), replica(counting)].map((each) => each.tick()));
    expect(times).toBe(1);
    at('2026-03-11T00:05:00.100Z');
    await Promise.all([replica(counting), replica(counting)].map((each) => each.tick()));
    expect(times).toBe(2);
    expect(await rows()).toEqual([...scheduled('2026-03-10'), ...scheduled('2026-03-11')]);
  });

  it('belongs to the day of its slot, even if the timer fires slightly early', async () => {
    at('2026-03-10T00:04:59.990Z');
    await scheduler().tick();
    expect(await rows()).toEqual(scheduled('2026-03-10'));
  });

  it('is taken once at the start if its slot has passed', async () => {
    at('2026-03-10T00:04:00.000Z');
    await replica().catchUp();
    expect(await rows()).toEqual([]);
    at('2026-03-10T09:00:00.000Z');
    await scheduler().start();
    expect(await rows()).toEqual(scheduled('2026-03-10'));
    await context.database.query('UPDATE posture_snapshot SET coverage_pct = 1');
    await replica().catchUp();
    expect((await rows()).map(({ coverage_pct }) => coverage_pct)).toEqual([1, 1]);
    expect(context.module.get(SchedulerRegistry).getCronJob('snapshot').nextDate().toUTC().toFormat('HH:mm')).toBe(
      '00:05',
    );
  });

  it('counts snapshots of the future, from a clock that was ahead', async () => {
    await aSnapshot(context.database, organizations[0]!, '2026-03-11', 50);
    await aSnapshot(context.database, organizations[0]!, '2027-03-10', 50);
    at('2026-03-11T00:05:00.000Z');
    await scheduler().tick();
    const metrics = new Exposition((await context.module.get(Metrics).expose()).text);
    expect(metrics.value('vedette_clock_corrections_total', { kind: 'snapshot' })).toBe(1);
  });

  it('is still taken if the replica that claimed it failed', async () => {
    at('2026-03-10T00:05:00.000Z');
    const failing = Object.create(context.module.get(SnapshotsService), {
      takeForAll: { value: () => Promise.reject(new Error('the disk is full')) },
    }) as SnapshotsService;
    await expect(replica(failing).tick()).resolves.toBeUndefined();
    await scheduler().tick();
    expect(await rows()).toEqual([]);
    await scheduler().catchUp();
    expect(await rows()).toEqual(scheduled('2026-03-10'));
  });
});
