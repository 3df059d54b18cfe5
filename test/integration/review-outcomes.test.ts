import { aPosture, aTechnique } from '../support/factories.js';
import type { Answer, TestHttp } from '../support/http.js';
import { aCaller, markedChanges, startPostureHttp, type Caller } from '../support/posture-http.js';
import { NOW } from '../support/test-module.js';

const LAST_REVIEW = new Date('2026-01-05T00:00:00.000Z');

let http: TestHttp;
let analyst: Caller;
let techniqueId: string;

beforeAll(async () => {
  http = await startPostureHttp();
  techniqueId = await aTechnique(http.database, { attackId: 'T1059' });
  await aTechnique(http.database, { attackId: 'T1078' });
});

afterAll(() => http.close());

beforeEach(async () => {
  http.clock.set(NOW);
  analyst = await aCaller(http, { role: 'analyst' });
  await aPosture(http.database, analyst.organizationId, techniqueId, {
    statusGlobal: 'validated',
    lastReviewDate: LAST_REVIEW,
    riskScore: 80,
    ownerId: analyst.userId,
  });
});

async function queued(): Promise<string> {
  const { body } = await analyst.send('POST', '/revalidation-queue', { attack_id: 'T1059' });
  await http.database.query('DELETE FROM posture_change');
  return body.id;
}

const change = (id: string, body: object): Promise<Answer> => analyst.send('PATCH', `/revalidation-queue/${id}`, body);

const technique = async (): Promise<Answer['body']> => (await analyst.get('/techniques/T1059')).body;

const versions = (): Promise<Record<string, unknown>[]> =>
  http.database.query(
    `SELECT change_source, change_id, updated_by, version FROM posture WHERE organization_id = $1 AND technique_id = $2`,
    [analyst.organizationId, techniqueId],
  );

it.each([
  ['passed', 'validated'],
  ['partial', 'partial'],
  ['failed', 'not_covered'],
])('completes an item as %s, which makes its technique %s', async (outcome, status) => {
  const id = await queued();
  const [before] = await versions();
  const answer = await change(id, { status: 'done', outcome });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({
    status: 'done',
    outcome,
    reviewed_at: NOW.toISOString(),
    completed_at: NOW.toISOString(),
  });
  expect(await technique()).toMatchObject({
    status_global: status,
    last_review_date: NOW.toISOString(),
    risk_score: 80,
    owner_id: analyst.userId,
  });
  expect(await versions()).toEqual([
    {
      change_source: 'queue',
      change_id: id,
      updated_by: analyst.userId,
      version: (before!.version as number) + 1,
    },
  ]);
  expect((await markedChanges(http, analyst.organizationId)).sort()).toEqual(['posture', 'queue']);
});

it('stores the given time of the review', async () => {
  const id = await queued();
  const { body } = await change(id, { status: 'done', outcome: 'passed', reviewed_at: '2026-03-01T10:00:00+02:00' });
  expect(body).toMatchObject({ reviewed_at: '2026-03-01T08:00:00.000Z', completed_at: NOW.toISOString() });
  expect((await technique()).last_review_date).toBe('2026-03-01T08:00:00.000Z');
});

it.each([{ status: 'done' }, { status: 'done', outcome: null }])(
  'leaves the technique unchanged for %j',
  async (body) => {
    const id = await queued();
    const before = await technique();
    expect((await change(id, body)).body).toMatchObject({ status: 'done', outcome: null, reviewed_at: null });
    expect(await technique()).toEqual(before);
    expect(await markedChanges(http, analyst.organizationId)).toEqual(['queue']);
  },
);

const INSTANT =
  'must be an ISO 8601 date from 1970 on such as 2026-03-01, or a date and time with its zone such as 2026-03-01T09:30:00Z';

it.each([
  [{ outcome: 'passed' }, 'outcome is only allowed together with the status done'],
  [{ status: 'cancelled', outcome: 'passed' }, 'outcome is only allowed together with the status done'],
  [{ status: 'done', reviewed_at: '2026-03-01' }, 'reviewed_at is only allowed together with an outcome'],
  [{ status: 'done', outcome: 'good' }, 'outcome must be one of passed, partial, failed'],
  [{ status: 'done', outcome: 'passed', reviewed_at: 'today' }, `reviewed_at ${INSTANT}`],
  [{ status: 'done', outcome: 'passed', reviewed_at: '2026-03-12' }, 'reviewed_at must not lie in the future'],
  [
    { status: 'done', outcome: 'failed', reviewed_at: '2026-01-04' },
    'reviewed_at must not lie before the last review of T1059, 2026-01-05T00:00:00.000Z',
  ],
])('refuses %j, and changes nothing', async (body, detail) => {
  const id = await queued();
  const before = await technique();
  const answer = await change(id, body);
  expect([answer.status, answer.body.detail]).toEqual([400, detail]);
  expect(await technique()).toEqual(before);
  expect((await analyst.get('/revalidation-queue')).body.items).toMatchObject([{ status: 'pending', outcome: null }]);
  expect(await markedChanges(http, analyst.organizationId)).toEqual([]);
});

it('does not change a technique that is not applicable', async () => {
  const id = await queued();
  await aPosture(http.database, analyst.organizationId, techniqueId, { statusGlobal: 'not_applicable' });
  const answer = await change(id, { status: 'done', outcome: 'passed' });
  expect([answer.status, answer.body.detail]).toEqual([
    409,
    'T1059 is not_applicable here: cancel the item, or give the technique another status first',
  ]);
  expect((await technique()).status_global).toBe('not_applicable');
  expect((await change(id, { status: 'done' })).status).toBe(200);
});

it('records one outcome until the item is opened again, and accepts the same outcome twice', async () => {
  const id = await queued();
  await change(id, { status: 'done', outcome: 'failed' });
  const [recorded] = await versions();
  http.clock.advanceMs(60_000);
  expect((await change(id, { status: 'done', outcome: 'failed' })).body).toMatchObject({
    outcome: 'failed',
    reviewed_at: NOW.toISOString(),
  });
  expect(await versions()).toEqual([recorded]);
  const other = await change(id, { status: 'done', outcome: 'passed' });
  expect([other.status, other.body.detail]).toEqual([
    409,
    'the item is already done: open it again before recording another outcome',
  ]);

  expect((await change(id, { status: 'in_progress' })).body).toMatchObject({ outcome: null, reviewed_at: null });
  expect((await technique()).status_global).toBe('not_covered');
  await change(id, { status: 'done', outcome: 'passed' });
  expect((await technique()).status_global).toBe('validated');
});

it('writes the posture once when two users complete an item at the same time', async () => {
  const id = await queued();
  const answers = await Promise.all(
    (['passed', 'failed', 'partial'] as const).map((outcome) => change(id, { status: 'done', outcome })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  const { outcome } = answers.find(({ status }) => status === 200)!.body;
  const [item] = (await analyst.get('/revalidation-queue')).body.items;
  expect(item.outcome).toBe(outcome);
  const status = { passed: 'validated', partial: 'partial', failed: 'not_covered' }[outcome as string];
  expect((await technique()).status_global).toBe(status);
});
