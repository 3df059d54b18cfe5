import { Metrics } from '../../src/metrics/index.js';
import { WebhookEndpointViews } from '../../src/webhooks/api/webhook-endpoint-views.js';
import type { AttemptResult, DeliveryLease } from '../../src/webhooks/attempts/delivery-lease.js';
import { EndpointHealthRecorder } from '../../src/webhooks/breaker/endpoint-health-recorder.js';
import { DeliveryStore } from '../../src/webhooks/delivery/delivery-store.js';
import { WebhookEndpointsService, WebhookWorker } from '../../src/webhooks/index.js';
import { Exposition } from '../support/exposition.js';
import { aMember, anOrganization } from '../support/factories.js';
import { NOW, type TestContext } from '../support/test-module.js';
import { anEndpoint, anEvent, deliveriesTo, enqueue, type DeliveryRow } from '../support/webhook-factories.js';
import type { ScriptedAnswer } from '../support/webhook-receiver.js';
import { startWebhookWorld, type WebhookWorld } from '../support/webhook-world.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe('the health of webhook endpoints', () => {
  let world: WebhookWorld;
  let receiver: WebhookWorld['receiver'];
  let context: WebhookWorld['context'];
  /** Another process with the same database. */
  let replica: TestContext;
  let organizationId: string;
  let path: string;

  beforeAll(async () => {
    world = await startWebhookWorld({ exchangeTimeoutMs: 400 });
    ({ receiver, context } = world);
    replica = await world.startReplica();
  });
  afterAll(async () => {
    await replica.close();
    await world.close();
  });
  beforeEach(async () => {
    ({ organizationId, path } = await world.fresh());
    setClocks(NOW);
    await context.database.query('DELETE FROM notification');
  });

  function setClocks(at: Date): void {
    context.clock.set(at);
    replica.clock.set(at);
  }
  const drain = (of = context): Promise<number> => of.module.get(WebhookWorker).drain();
  const drainBoth = (): Promise<number[]> => Promise.all([drain(), drain(replica)]);
  const sentTo = (where = path): number => receiver.requests.filter((request) => request.path === where).length;
  const always = (status: number, headers?: Record<string, string>): ScriptedAnswer[] =>
    Array.from({ length: 500 }, () => ({ status, headers }));
  const someEvents = (count: number) => Array.from({ length: count }, () => anEvent(organizationId));

  async function aFailingEndpoint(...answers: ScriptedAnswer[]): Promise<string> {
    receiver.answer(path, ...answers);
    return (await anEndpoint(context, organizationId, { url: receiver.url(path) })).endpoint.id;
  }

  async function view(id: string) {
    const endpoint = await context.module.get(WebhookEndpointsService).get(organizationId, id);
    return context.module.get(WebhookEndpointViews).one(endpoint);
  }

  const failed = (lease: DeliveryLease, at: Date): AttemptResult => ({
    lease,
    startedAt: at,
    finishedAt: at,
    durationMs: 1,
    statusCode: 500,
    error: 'answered 500',
    responseBody: null,
    request: null,
    pauseUntil: null,
    next: { status: 'pending', nextAttemptAt: new Date(at.getTime() + MINUTE_MS) },
  });
  const attemptsOf = (rows: DeliveryRow[]): number => rows.reduce((sum, row) => sum + row.attempt_count, 0);

  it('stops sending to an endpoint that fails nearly always, except one probe per window from all replicas together', async () => {
    const id = await aFailingEndpoint(...always(500));
    await enqueue(context, ...someEvents(60));
    await drainBoth();

    const beforeOpen = sentTo();
    expect(beforeOpen).toBeGreaterThanOrEqual(10);
    expect(beforeOpen).toBeLessThan(60);
    expect(await view(id)).toMatchObject({ state: 'breaker_open', health: { openings: 1 } });
    const rows = await deliveriesTo(context, id);
    expect(rows.every(({ status }) => status === 'pending')).toBe(true);
    // Waiting deliveries did not count as attempts.
    expect(attemptsOf(rows)).toBe(beforeOpen);

    for (const [minutes, openings] of [
      [1, 2],
      [2, 3],
      [4, 4],
    ] as const) {
      const before = sentTo();
      setClocks((await view(id)).health!.openUntil!);
      await drainBoth();
      expect(sentTo() - before).toBe(1);
      const { health } = await view(id);
      expect(health).toMatchObject({ openings });
      expect(health!.openUntil!.getTime() - context.clock.now().getTime()).toBe(2 * minutes * MINUTE_MS);
      setClocks(new Date(health!.openUntil!.getTime() - 1));
      await drainBoth();
      expect(sentTo() - before).toBe(1);
    }
  });

  it('does not stop sending after nine failures and then a success', async () => {
    const id = await aFailingEndpoint(...always(500).slice(0, 9));
    for (let count = 0; count < 9; count += 1) {
      await enqueue(context, anEvent(organizationId));
      await drain();
    }
    await enqueue(context, anEvent(organizationId));
    await drain();

    expect(await view(id)).toMatchObject({ state: 'healthy', health: { breaker: 'closed', openUntil: null } });
    await enqueue(context, anEvent(organizationId));
    await drain();
    expect(sentTo()).toBe(11);
  });

  it('sends all waiting deliveries as soon as the probe succeeds', async () => {
    const id = await aFailingEndpoint(...Array.from({ length: 100 }, () => ({ status: 500 })).slice(0, 10));
    await enqueue(context, ...someEvents(10));
    await drain();
    expect(await view(id)).toMatchObject({ state: 'breaker_open' });
    await enqueue(context, ...someEvents(50));
    await drain();
    expect(sentTo()).toBe(10);

    setClocks((await view(id)).health!.openUntil!);
    await drainBoth();
    await drainBoth();

    expect(await view(id)).toMatchObject({ state: 'healthy', health: { breaker: 'closed', openings: 0 } });
    const rows = await deliveriesTo(context, id);
    expect(rows.filter(({ status }) => status === 'delivered').length).toBe(60);
  });

  it('does not delay other endpoints while a breaker is open', async () => {
    await aFailingEndpoint(...always(500));
    await enqueue(context, ...someEvents(40));
    await drain();
    const healthy = await anEndpoint(context, organizationId, { url: receiver.url(`${path}/healthy`) });
    const started = performance.now();
    await enqueue(context, ...someEvents(20));
    await drainBoth();

    expect(performance.now() - started).toBeLessThan(5_000);
    const rows = await deliveriesTo(context, healthy.endpoint.id);
    expect(rows.map(({ status, attempt_count }) => [status, attempt_count])).toEqual(
      Array.from({ length: 20 }, () => ['delivered', 1]),
    );
  });

  it.each([
    ['429 with Retry-After in seconds', { status: 429, headers: { 'retry-after': '120' } }, 120],
    [
      '429 with a date',
      { status: 429, headers: { 'retry-after': new Date(NOW.getTime() + 300_000).toUTCString() } },
      300,
    ],
    ['429 without Retry-After', { status: 429 }, 60],
    ['502', { status: 502 }, 60],
    ['504', { status: 504 }, 60],
    ['no answer in time', () => {}, 60],
  ] as [string, ScriptedAnswer, number][])('pauses the whole endpoint after %s', async (_, answer, seconds) => {
    const id = await aFailingEndpoint(answer);
    await enqueue(context, anEvent(organizationId));
    await drain();
    await enqueue(context, ...someEvents(5));
    await drainBoth();

    expect(sentTo()).toBe(1);
    const { state, health } = await view(id);
    expect(state).toBe('paused');
    expect(health!.pausedUntil!.getTime() - NOW.getTime()).toBe(seconds * 1_000);
    const held = (await deliveriesTo(context, id)).slice(1);
    expect(held.map(({ attempt_count, held_reason }) => [attempt_count, held_reason])).toEqual(
      Array.from({ length: 5 }, () => [0, 'paused']),
    );

    setClocks(new Date(health!.pausedUntil!.getTime()));
    await drainBoth();
    const rows = await deliveriesTo(context, id);
    expect(rows.filter(({ status }) => status === 'delivered').length).toBeGreaterThanOrEqual(5);
  });

  describe('a time that a clock that was ahead stored', () => {
    const NEXT_YEAR = new Date(NOW.getTime() + 365 * 24 * HOUR_MS);
    const corrections = async (kind: string): Promise<number> =>
      new Exposition((await context.module.get(Metrics).expose()).text).value('vedette_clock_corrections_total', {
        kind,
      }) ?? 0;
    const aWaitingDelivery = async (): Promise<string> => {
      const id = await aFailingEndpoint();
      await enqueue(context, anEvent(organizationId));
      return id;
    };

    it('does not delay a delivery for longer than a retry can', async () => {
      const id = await aWaitingDelivery();
      const longest = new Date(NOW.getTime() + 28.8 * HOUR_MS);
      await context.database.query('UPDATE webhook_delivery SET next_attempt_at = $1', [longest]);
      expect(await drain()).toBe(0);
      const before = await corrections('webhook_delivery');
      await context.database.query('UPDATE webhook_delivery SET next_attempt_at = $1', [NEXT_YEAR]);

      expect(await drain()).toBe(1);
      expect(await deliveriesTo(context, id)).toMatchObject([{ status: 'delivered' }]);
      expect(await corrections('webhook_delivery')).toBe(before + 1);
    });

    it('does not keep the lease of a worker that died', async () => {
      await aWaitingDelivery();
      await context.database.query('UPDATE webhook_delivery SET locked_until = $1, lock_token = gen_random_uuid()', [
        NEXT_YEAR,
      ]);
      expect(await drain()).toBe(1);
    });

    it.each([
      ['paused_until', 'closed'],
      ['open_until', 'open'],
      ['probe_until', 'open'],
    ])('does not hold deliveries: %s of an endpoint whose breaker is %s', async (column, breaker) => {
      const id = await aWaitingDelivery();
      await context.database.query(
        `INSERT INTO webhook_endpoint_health (organization_id, endpoint_id, breaker, open_until) VALUES ($1, $2, $3, $4)`,
        [organizationId, id, breaker, NOW],
      );
      await context.database.query(`UPDATE webhook_endpoint_health SET ${column} = $1`, [NEXT_YEAR]);
      const before = await corrections('webhook_endpoint');

      expect(await drain()).toBe(1);
      expect(await view(id)).toMatchObject({ state: 'healthy' });
      expect(await corrections('webhook_endpoint')).toBe(before + 1);
    });
  });

  it('notifies admins and leads in the app once, at the fourth failure', async () => {
    const { userId: admin } = await aMember(context.database, organizationId, { role: 'admin' });
    await aMember(context.database, organizationId, { role: 'viewer' });
    await aFailingEndpoint(...always(500));
    for (let count = 0; count < 6; count += 1) {
      await enqueue(context, anEvent(organizationId));
      await drain();
      const notices = await context.database.query<{ user_id: string; event: string; message: string }>(
        'SELECT user_id, event, message FROM notification',
      );
      expect(notices).toHaveLength(count < 3 ? 0 : 1);
      if (count >= 3) expect(notices).toMatchObject([{ user_id: admin, event: 'webhook.failing' }]);
    }
  });

  describe('an endpoint disabled by its failures', () => {
    /** Lets all attempts fail for the given time. */
    async function failFor(hours: number, deliveries: number): Promise<string> {
      const id = await aFailingEndpoint(...always(500));
      await enqueue(context, ...someEvents(deliveries));
      await drain();
      setClocks(new Date(NOW.getTime() + hours * HOUR_MS));
      await context.database.query('UPDATE webhook_delivery SET next_attempt_at = $1', [context.clock.now()]);
      // One probe after the other, so that every delivery had an attempt.
      for (let count = 0; count < deliveries; count += 1) {
        await drain();
        setClocks(new Date(context.clock.now().getTime() + 31 * MINUTE_MS));
      }
      return id;
    }

    it('is announced to people and other endpoints, and its missed deliveries can be recovered', async () => {
      await aMember(context.database, organizationId, { role: 'admin' });
      const other = await anEndpoint(context, organizationId, {
        url: receiver.url(`${path}/other`),
        events: ['webhook.disabled'],
      });
      const id = await failFor(120, 25);
      await drain();

      expect(await view(id)).toMatchObject({ state: 'disabled', endpoint: { disabledReason: 'failing' } });
      expect(
        await context.database.query(`SELECT title FROM notification WHERE event = 'webhook.disabled'`),
      ).toMatchObject([{ title: 'Webhook Receiver was disabled' }]);
      const [sent] = await receiver.received(`${path}/other`, 1);
      expect(JSON.parse(sent!.body)).toMatchObject({
        type: 'webhook.disabled',
        data: { webhook_id: id, reason: 'failing', organization: { id: organizationId } },
      });
      expect(await deliveriesTo(context, other.endpoint.id)).toHaveLength(1);

      // Later events are stored as missed and not sent.
      const before = sentTo();
      await enqueue(context, ...someEvents(3));
      await drain();
      expect(sentTo()).toBe(before);
      expect((await view(id)).recoverable).toBe(3);
    });

    it('stays enabled before 120 hours, or with fewer than 20 failed deliveries', async () => {
      expect(await view(await failFor(100, 22))).toMatchObject({ endpoint: { isEnabled: true } });
      await context.database.query('DELETE FROM webhook_endpoint');
      setClocks(NOW);
      path = `${path}/few`;
      expect(await view(await failFor(120, 12))).toMatchObject({ endpoint: { isEnabled: true } });
    });

    it('disables all endpoints of a batch that failed for long enough, and no others', async () => {
      const other = await anOrganization(context.database);
      const counts = { many: 25, few: 19, theirs: 20, recently: 25 };
      const ids: Record<string, string> = {};
      for (const [name, count] of Object.entries(counts)) {
        const of = name === 'theirs' ? other : organizationId;
        ids[name] = (await anEndpoint(context, of, { url: receiver.url(path), events: ['alert.fired'] })).endpoint.id;
        await enqueue(
          context,
          ...Array.from({ length: count }, () => anEvent(of, { type: 'rule.failing', directEndpointId: ids[name] })),
        );
        await context.database.query(
          'INSERT INTO webhook_endpoint_health (organization_id, endpoint_id, consecutive_failures, failing_since) VALUES ($1, $2, 9, $3)',
          [of, ids[name], new Date(NOW.getTime() - (name === 'recently' ? 119 : 121) * HOUR_MS)],
        );
      }
      await context.database.query('UPDATE webhook_delivery SET attempt_count = 1');
      const { leases } = await context.module
        .get(DeliveryStore)
        .claim({ now: NOW, limit: 100, leaseMs: 60_000, holdMs: 60_000 });
      const results = Object.values(ids).map((id) =>
        failed(
          leases.find(({ endpointId }) => endpointId === id)!,
          context.clock.now(),
        ),
      );

      const { unhealthy } = await context.module.get(EndpointHealthRecorder).record(results);

      const disabled = await context.database.query<{ id: string }>(
        `SELECT id FROM webhook_endpoint WHERE NOT is_enabled AND disabled_reason = 'failing' ORDER BY id`,
      );
      expect(disabled.map(({ id }) => id)).toEqual([ids.many, ids.theirs].sort());
      expect([...unhealthy].sort()).toEqual([ids.many, ids.theirs].sort());
    });

    it('is disabled at once after 410, and works again after it is enabled', async () => {
      const id = await aFailingEndpoint({ status: 410 });
      await enqueue(context, ...someEvents(1));
      await drain();
      expect(await view(id)).toMatchObject({ state: 'disabled', endpoint: { disabledReason: 'gone' }, recoverable: 1 });

      await context.module.get(WebhookEndpointsService).update(organizationId, id, { isEnabled: true });
      await enqueue(context, anEvent(organizationId));
      await drain();

      expect(await view(id)).toMatchObject({ state: 'healthy', endpoint: { disabledReason: null }, recoverable: 1 });
    });
  });
});
