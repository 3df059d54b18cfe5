import { DataSource } from 'typeorm';
import { EvaluationModule, EvaluationService } from '../../src/evaluation/index.js';
import { WebhooksModule, WebhookWorker } from '../../src/webhooks/index.js';
import { aRule } from '../support/engine-factories.js';
import { Exposition } from '../support/exposition.js';
import { aMember, anOrganization, aSnapshot, aTechnique } from '../support/factories.js';
import { startTestHttp, type TestHttp } from '../support/http.js';
import { NOW } from '../support/test-module.js';
import { anEndpoint } from '../support/webhook-factories.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

const MINUTE_MS = 60_000;
const DAY_SECONDS = 86_400;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;

let http: TestHttp;
let receiver: WebhookReceiver;
let organizationId: string;

/** Scrapes one minute later, so that cached readings are read again. */
async function scrape(): Promise<Exposition> {
  http.clock.advanceMs(MINUTE_MS);
  const { status, headers, body } = await http.request('GET', '/metrics');
  expect(status).toBe(200);
  expect(headers['content-type']).toContain('text/plain; version=0.0.4');
  return new Exposition(body);
}

beforeAll(async () => {
  receiver = await startWebhookReceiver();
  http = await startTestHttp([WebhooksModule.register(), EvaluationModule], {
    environment: { VEDETTE_WEBHOOK_ALLOWED_HOSTS: [receiver.host] },
  });
});

afterAll(async () => {
  await http.close();
  await receiver.close();
});

beforeEach(async () => {
  // The readings of the last test must not be reused.
  http.clock.set(new Date(NOW.getTime() - DAY_SECONDS * 1000));
  await scrape();
  http.clock.set(NOW);
  await http.database.query('TRUNCATE organization, technique, scheduled_slot CASCADE');
  organizationId = await anOrganization(http.database, { name: 'Secretive Mutual' });
});

/** One organisation whose only rule fires, notifies two users, and goes to all endpoints. */
async function fireOnce(): Promise<void> {
  await aTechnique(http.database, { attackId: 'T1059' });
  await aMember(http.database, organizationId, { role: 'admin' });
  await aMember(http.database, organizationId, { role: 'red_lead' });
  await aRule(http.database, organizationId, { severity: 'high' });
  await http.app.get(EvaluationService, { strict: false }).evaluateDue();
}

it('counts the work of the engine', async () => {
  const before = await scrape();
  await fireOnce();
  http.clock.advanceMs(5 * MINUTE_MS);
  await http.app.get(EvaluationService, { strict: false }).evaluateDue();
  const after = await scrape();
  const grown = (name: string, labels: Record<string, string> = {}): number =>
    (after.value(name, labels) ?? 0) - (before.value(name, labels) ?? 0);

  expect(grown('vedette_rule_evaluations_total', { type: 'orphan_spike', outcome: 'fired' })).toBe(1);
  expect(grown('vedette_rule_evaluations_total', { type: 'orphan_spike', outcome: 'cooldown' })).toBe(1);
  expect(grown('vedette_suppressed_total', { reason: 'cooldown' })).toBe(1);
  expect(grown('vedette_evaluation_duration_seconds_count', { trigger: 'cron' })).toBe(2);
  expect(grown('vedette_transitions_total', { from: 'none', to: 'open', cause: 'fired' })).toBe(1);
  expect(grown('vedette_notifications_total', { channel: 'in_app', outcome: 'sent', reason: 'alert.fired' })).toBe(2);
  expect(after.value('vedette_alerts_open', { severity: 'high' })).toBe(1);
  expect(after.value('vedette_alerts_open', { severity: 'low' })).toBe(0);
});

it('counts a batch that rolled back only as a failure', async () => {
  await aTechnique(http.database, { attackId: 'T1059' });
  await aMember(http.database, organizationId, { role: 'admin' });
  await aRule(http.database, organizationId);
  const before = await scrape();
  await http.database.query('ALTER TABLE evaluation_run RENAME TO elsewhere');
  await expect(http.app.get(EvaluationService, { strict: false }).evaluateDue()).rejects.toThrow();
  await http.database.query('ALTER TABLE elsewhere RENAME TO evaluation_run');
  const after = await scrape();

  const names = ['evaluation_failures_total', 'transitions_total', 'notifications_total', 'rule_evaluations_total'];
  const sums = (of: Exposition): number[] =>
    names.map((name) =>
      of.samples.filter((sample) => sample.name === `vedette_${name}`).reduce((sum, { value }) => sum + value, 0),
    );
  expect(sums(after).map((sum, index) => sum - sums(before)[index]!)).toEqual([1, 0, 0, 0]);
});

it('counts a webhook that was delivered, one that is tried again and one that the address guard refused', async () => {
  const { endpoint: refused } = await anEndpoint(http, organizationId, { url: receiver.url('/refused') });
  // This address was allowed when the endpoint was saved, and no longer is.
  await http.database.query('UPDATE webhook_endpoint SET url = $2 WHERE id = $1', [refused.id, 'https://10.0.0.1/x']);
  await anEndpoint(http, organizationId, { url: receiver.url('/delivered') });
  await anEndpoint(http, organizationId, { url: receiver.url('/failing') });
  await anEndpoint(http, organizationId, { url: receiver.url('/gone') });
  receiver.answer('/failing', { status: 503 });
  receiver.answer('/gone', { status: 410 });
  await fireOnce();
  await http.app.get(WebhookWorker).drain();
  const after = await scrape();

  const deliveries = (outcome: string, reason: string): number | undefined =>
    after.value('vedette_webhook_deliveries_total', { format: 'standard', outcome, reason });
  expect(deliveries('delivered', 'ok')).toBe(1);
  expect(deliveries('retried', 'server_error')).toBe(1);
  expect(deliveries('retried', 'refused')).toBe(1);
  expect(deliveries('failed', 'gone')).toBe(1);
  expect(after.value('vedette_webhook_retries_total', { reason: 'refused' })).toBe(1);
  expect(after.value('vedette_webhook_ssrf_blocked_total', { tier: 'private' })).toBe(1);
  expect(after.value('vedette_webhook_exhausted_total')).toBe(1);
  expect(after.value('vedette_webhook_attempt_duration_seconds_count')).toBe(4);
  expect(after.value('vedette_webhook_delivery_lag_seconds_count')).toBe(1);
  expect(
    after.value('vedette_notifications_total', { channel: 'webhook', outcome: 'sent', reason: 'alert.fired' }),
  ).toBe(1);
  expect(after.value('vedette_notifications_total', { channel: 'webhook', outcome: 'failed', reason: 'gone' })).toBe(1);
  expect(after.value('vedette_dead_letters', { channel: 'webhook' })).toBe(1);
  expect(after.value('vedette_dead_letters', { channel: 'email' })).toBe(0);
  expect(after.value('vedette_webhook_endpoint_state', { state: 'enabled' })).toBe(3);
  expect(after.value('vedette_webhook_endpoint_state', { state: 'disabled' })).toBe(1);
});

it('counts a delivery taken over from a worker that died', async () => {
  await anEndpoint(http, organizationId, { url: receiver.url('/taken-over') });
  await fireOnce();
  await http.database.query('UPDATE webhook_delivery SET lock_token = $1, locked_until = $2', [
    organizationId,
    new Date(NOW.getTime() + 10 * MINUTE_MS),
  ]);
  expect((await scrape()).value('vedette_webhook_queue_depth', { status: 'sending' })).toBe(1);

  http.clock.advanceMs(10 * MINUTE_MS);
  await http.app.get(WebhookWorker).drain();
  const after = await scrape();
  expect(after.value('vedette_webhook_lease_expired_total')).toBe(1);
  expect(after.value('vedette_webhook_queue_depth', { status: 'due' })).toBe(0);
});

it('shows how far the engine and the outbox are behind, and the missed evaluations', async () => {
  await anEndpoint(http, organizationId, { url: receiver.url('/late') });
  const atRest = await scrape();
  expect(atRest.value('vedette_scheduler_behind_seconds')).toBe(0);
  expect(atRest.value('vedette_outbox_oldest_seconds')).toBe(0);
  expect(atRest.value('vedette_evaluation_age_seconds')).toBeUndefined();
  expect(atRest.value('vedette_evaluation_interval_seconds')).toBe(300);
  const missedBefore = atRest.value('vedette_evaluations_missed_total')!;

  await aTechnique(http.database, { attackId: 'T1059' });
  await aRule(http.database, organizationId);
  http.clock.set(new Date(NOW.getTime() + 11 * MINUTE_MS));
  const behind = await scrape();
  expect(behind.value('vedette_scheduler_behind_seconds')).toBe(12 * 60);

  await http.app.get(EvaluationService, { strict: false }).evaluateDue();
  const caughtUp = await scrape();
  expect(caughtUp.value('vedette_scheduler_behind_seconds')).toBe(0);
  expect(caughtUp.value('vedette_evaluations_missed_total')! - missedBefore).toBe(2);
  expect(caughtUp.value('vedette_outbox_oldest_seconds')).toBe(60);
  expect(caughtUp.value('vedette_webhook_oldest_due_seconds')).toBe(60);
  expect(caughtUp.value('vedette_webhook_queue_depth', { status: 'due' })).toBe(1);
});

it('shows the age of the oldest newest snapshot over all organisations', async () => {
  const other = await anOrganization(http.database);
  await aSnapshot(http.database, organizationId, '2026-03-10', 50);
  await aSnapshot(http.database, other, '2026-03-05', 50);
  await aSnapshot(http.database, other, '2026-03-07', 50);
  // From a clock that was ahead: it must not hide that today's snapshot is missing.
  await aSnapshot(http.database, other, '2027-03-10', 50);

  expect((await scrape()).value('vedette_snapshot_age_seconds')).toBe(3 * DAY_SECONDS + DAY_SECONDS / 2 + 60);
});

it('times requests by route pattern, without ids in labels', async () => {
  await anEndpoint(http, organizationId, { url: receiver.url('/labels') });
  await fireOnce();
  await http.app.get(WebhookWorker).drain();
  await http.request('GET', `/api/v1/instances/${organizationId}`);
  await http.request('GET', `/nowhere/${organizationId}`);
  const after = await scrape();

  const count = 'vedette_http_request_duration_seconds_count';
  expect(
    after.samples.filter(({ name, labels }) => name === count && labels.route === '/api/v1/instances/:id'),
  ).toHaveLength(1);
  expect(after.value(count, { route: 'unmatched', method: 'GET', status: '4xx' })).toBe(1);
  expect(after.text).not.toMatch(UUID);
  for (const secret of ['Secretive', 'Receiver', receiver.host, 'Orphans']) expect(after.text).not.toContain(secret);
});

it('shows metrics of the process', async () => {
  expect((await scrape()).names).toEqual(
    expect.arrayContaining(['process_resident_memory_bytes', 'nodejs_eventloop_lag_seconds']),
  );
});

it('reads the database once for all scrapes within ten seconds', async () => {
  await scrape();
  await aRule(http.database, organizationId);
  http.clock.advanceMs(9_999);
  const text = async (): Promise<string> => (await http.request('GET', '/metrics')).body;
  expect(new Exposition(await text()).value('vedette_scheduler_behind_seconds')).toBe(0);
  http.clock.advanceMs(1);
  expect(new Exposition(await text()).value('vedette_scheduler_behind_seconds')).toBeGreaterThan(0);
});

it('leaves out readings that the database does not give, instead of repeating old ones', async () => {
  await scrape();
  await http.database.query('ALTER TABLE rule_schedule RENAME TO elsewhere');
  const without = await scrape();
  await http.database.query('ALTER TABLE elsewhere RENAME TO rule_schedule');
  const shared = (of: Exposition): unknown[] => [
    of.value('vedette_scheduler_behind_seconds'),
    of.value('vedette_dead_letters', { channel: 'webhook' }),
    of.value('vedette_snapshot_age_seconds'),
  ];

  expect(without.value('vedette_database_up')).toBe(1);
  expect(shared(without)).toEqual([undefined, undefined, undefined]);
  expect(without.value('vedette_alerts_open', { severity: 'high' })).toBeUndefined();
  expect(shared(await scrape())).toEqual([0, 0, expect.any(Number)]);
});

it('answers without a database, and reports it as down', async () => {
  const dataSource = http.app.get(DataSource);
  await dataSource.destroy();
  const down = await scrape();
  await dataSource.initialize();

  expect(down.value('vedette_database_up')).toBe(0);
  expect(down.value('vedette_webhook_exhausted_total')).toEqual(expect.any(Number));
  expect((await scrape()).value('vedette_database_up')).toBe(1);
});

describe('the metrics can be read', () => {
  const from = async (remoteAddress: string, headers: Record<string, string> = {}): Promise<number> =>
    (await http.app.inject({ method: 'GET', url: '/metrics', remoteAddress, headers })).statusCode;

  it.each(['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1'])('without a token, from %s', async (address) => {
    expect(await from(address)).toBe(200);
  });

  it.each(['203.0.113.7', '10.0.0.2', '::ffff:10.0.0.2', 'fe80::1', '2001:db8::127.0.0.1', '::12'])(
    'without a token, not from %s',
    async (address) => {
      expect(await from(address)).toBe(403);
    },
  );

  it.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'via'])(
    'without a token, not through a proxy on this machine (%s)',
    async (header) => {
      expect(await from('127.0.0.1', { [header]: '127.0.0.1' })).toBe(403);
    },
  );

  describe('with a token', () => {
    const TOKEN = 'a-token-of-the-tests';
    let guarded: TestHttp;

    beforeAll(async () => {
      guarded = await startTestHttp([], { environment: { VEDETTE_METRICS_TOKEN: TOKEN } });
    });
    afterAll(() => guarded.close());

    const remote = async (authorization?: string): Promise<number> =>
      (
        await guarded.app.inject({
          method: 'GET',
          url: '/metrics',
          remoteAddress: '203.0.113.7',
          headers: authorization === undefined ? {} : { authorization },
        })
      ).statusCode;

    it('by every caller that sends it, from anywhere', async () => {
      expect(await remote(`Bearer ${TOKEN}`)).toBe(200);
      expect(await remote(`bearer ${TOKEN}`)).toBe(200);
    });

    it.each([undefined, 'Bearer ', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(0, -1)}`, `Basic ${TOKEN}`, TOKEN])(
      'not by other callers, even on this machine (%s)',
      async (authorization) => {
        expect(await remote(authorization)).toBe(401);
        const local = await guarded.request('GET', '/metrics', { headers: authorization ? { authorization } : {} });
        expect(local).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
        expect(JSON.stringify(local.body)).not.toContain(TOKEN);
      },
    );
  });
});
