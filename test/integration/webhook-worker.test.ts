import { type DeliverySettings } from '../../src/webhooks/attempts/delivery-settings.js';
import { DeliveryStore } from '../../src/webhooks/delivery/delivery-store.js';
import { WebhooksModule, WebhookWorker } from '../../src/webhooks/index.js';
import { anOrganization } from '../support/factories.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';
import { anEndpoint, anEvent, deliveriesTo, enqueue } from '../support/webhook-factories.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

describe('the webhook worker', () => {
  let receiver: WebhookReceiver;
  let context: TestContext | undefined;

  beforeEach(async () => {
    receiver = await startWebhookReceiver();
  });
  afterEach(async () => {
    await context?.close();
    context = undefined;
    await receiver.close();
  });

  async function startWorker(delivery: Partial<DeliverySettings> = {}): Promise<TestContext> {
    context = await startTestModule([WebhooksModule.register({ delivery })], {
      environment: { VEDETTE_WEBHOOK_ALLOWED_HOSTS: [receiver.host] },
    });
    context.module.get(WebhookWorker).start();
    return context;
  }

  it('sends right after the commit, without waiting for the next poll', async () => {
    const running = await startWorker({ pollIntervalMs: 3_600_000 });
    const organizationId = await anOrganization(running.database);
    await anEndpoint(running, organizationId, { url: receiver.url('/a') });

    await enqueue(running, anEvent(organizationId));

    expect(await receiver.received('/a', 1)).toHaveLength(1);
  });

  it('finds rows by polling without a wake-up', async () => {
    const running = await startWorker({ pollIntervalMs: 20 });
    const organizationId = await anOrganization(running.database);
    const { endpoint } = await anEndpoint(running, organizationId, { url: receiver.url('/a') });

    await running.database.query(
      `WITH event AS (INSERT INTO webhook_event (organization_id, id, body, created_at) VALUES ($1, vedette_uuidv7(), '{}', $3) RETURNING id)
       INSERT INTO webhook_delivery (id, organization_id, endpoint_id, event_id, event_type, next_attempt_at, created_at)
       SELECT vedette_uuidv7(), $1, $2, id, 'alert.fired', $3, $3 FROM event`,
      [organizationId, endpoint.id, NOW],
    );

    expect(await receiver.received('/a', 1)).toMatchObject([{ body: '{}' }]);
  });

  it.each<[string, Partial<DeliverySettings>]>([
    ['with enough capacity', {}],
    ['with few waiting rows per endpoint', { waitingPerEndpoint: 3 }],
    ['with capacity for one claim at a time', { maxClaimed: 12 }],
  ])('sends the backlog of one endpoint without polling, a few at a time, %s', async (_, settings) => {
    const running = await startWorker({
      pollIntervalMs: 3_600_000,
      claimBatch: 10,
      concurrencyPerEndpoint: 3,
      ...settings,
    });
    const organizationId = await anOrganization(running.database);
    await anEndpoint(running, organizationId, { url: receiver.url('/a') });

    await enqueue(running, ...Array.from({ length: 200 }, () => anEvent(organizationId)));

    const requests = await receiver.received('/a', 200);
    expect(new Set(requests.map(({ headers }) => headers['webhook-id'])).size).toBe(200);
    expect(receiver.maxConcurrent()).toBeLessThanOrEqual(3);
  });

  it.each([100, 3])('does not delay other endpoints if one hangs with up to %i waiting rows', async (waiting) => {
    const running = await startWorker({
      pollIntervalMs: 3_600_000,
      claimBatch: 10,
      concurrency: 6,
      concurrencyPerEndpoint: 2,
      waitingPerEndpoint: waiting,
      stopTimeoutMs: 0,
    });
    const [hanging, other] = [await anOrganization(running.database), await anOrganization(running.database)];
    receiver.answer('/hangs', ...Array.from({ length: 50 }, () => () => {}));
    await anEndpoint(running, hanging, { url: receiver.url('/hangs') });
    await anEndpoint(running, other, { url: receiver.url('/other') });

    await enqueue(running, ...Array.from({ length: 50 }, () => anEvent(hanging)));
    await receiver.received('/hangs', 2);
    await enqueue(running, ...Array.from({ length: 50 }, () => anEvent(other)));

    expect(await receiver.received('/other', 50)).toHaveLength(50);
    expect(await receiver.received('/hangs', 2)).toHaveLength(2);
  });

  it('sends the backlogs of several endpoints together, without useless claims', async () => {
    const running = await startWorker({ pollIntervalMs: 3_600_000, claimBatch: 20, waitingPerEndpoint: 6 });
    const organizationId = await anOrganization(running.database);
    const paths = Array.from({ length: 5 }, (_, index) => `/many/${index}`);
    for (const path of paths) await anEndpoint(running, organizationId, { url: receiver.url(path) });
    const claims = jest.spyOn(running.module.get(DeliveryStore), 'claim');

    await enqueue(running, ...Array.from({ length: 80 }, () => anEvent(organizationId)));
    for (const path of paths) expect(await receiver.received(path, 80)).toHaveLength(80);

    const found = (
      await Promise.all(claims.mock.results.map(({ value }) => value as ReturnType<DeliveryStore['claim']>))
    ).map(({ leases }) => leases.length);
    expect(found.reduce((sum, count) => sum + count, 0)).toBe(400);
    // At the end, one more claim finds out that an endpoint has no rows left.
    const full = found.flatMap((count, index) => (count > 0 ? [index] : []));
    expect(found.slice(0, full[12]).filter((count) => count === 0).length).toBeLessThanOrEqual(1);
  });

  it('stops in time: finishes running attempts, and gives back the rest without counting an attempt', async () => {
    const running = await startWorker({ pollIntervalMs: 3_600_000, concurrencyPerEndpoint: 2, stopTimeoutMs: 300 });
    const organizationId = await anOrganization(running.database);
    receiver.answer(
      '/a',
      (response) => void setTimeout(() => response.writeHead(204).end(), 100),
      () => {},
    );
    const { endpoint } = await anEndpoint(running, organizationId, { url: receiver.url('/a') });
    await enqueue(running, ...Array.from({ length: 5 }, () => anEvent(organizationId)));
    await receiver.received('/a', 2);

    await running.module.close();

    const rows = await deliveriesTo(running, endpoint.id);
    expect(rows.map(({ status }) => status).sort()).toEqual(['delivered', 'pending', 'pending', 'pending', 'pending']);
    expect(rows.filter(({ status }) => status === 'pending')).toMatchObject(
      Array.from({ length: 4 }, () => ({ attempt_count: 0, lock_token: null, locked_until: null })),
    );
    expect(receiver.requests).toHaveLength(2);
  });

  it('sends nothing without start', async () => {
    context = await startTestModule([WebhooksModule.register({ delivery: { pollIntervalMs: 1 } })], {
      environment: { VEDETTE_WEBHOOK_ALLOWED_HOSTS: [receiver.host] },
    });
    const organizationId = await anOrganization(context.database);
    await anEndpoint(context, organizationId, { url: receiver.url('/a') });
    await enqueue(context, anEvent(organizationId));

    const claim = await context.module
      .get(DeliveryStore)
      .claim({ now: NOW, limit: 10, leaseMs: 60_000, holdMs: 60_000 });

    expect(claim.leases).toHaveLength(1);
    expect(receiver.requests).toEqual([]);
  });
});
