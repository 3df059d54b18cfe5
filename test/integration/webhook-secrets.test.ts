import { SecretBox } from '../../src/common/secret-box.js';
import { EndpointKeys, WebhookEndpointsService, WebhooksModule, WebhookWorker } from '../../src/webhooks/index.js';
import { NOW, startTestModule, testEnvironment } from '../support/test-module.js';
import { anEndpoint, anEvent, attemptsTo, deliveriesTo, enqueue } from '../support/webhook-factories.js';
import type { ReceivedRequest } from '../support/webhook-receiver.js';
import { startWebhookWorld, verified, type WebhookWorld } from '../support/webhook-world.js';

const HOUR_MS = 3_600_000;
const NEW_KEY = 'another key that only the tests know, 32 characters';
const ROUTING_KEY = 'R0123456789ABCDEFGHIJKLMNOPQRSTU';

describe('the secrets of webhook endpoints', () => {
  let world: WebhookWorld;
  let receiver: WebhookWorld['receiver'];
  let context: WebhookWorld['context'];
  let worker: WebhookWorld['worker'];
  let endpoints: WebhookEndpointsService;
  let organizationId: string;
  let path: string;

  beforeAll(async () => {
    world = await startWebhookWorld();
    ({ receiver, context, worker } = world);
    endpoints = context.module.get(WebhookEndpointsService);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    ({ organizationId, path } = await world.fresh());
  });

  const lastRequest = (): ReceivedRequest => receiver.requests.filter((request) => request.path === path).at(-1)!;

  async function deliver(): Promise<ReceivedRequest> {
    await enqueue(context, anEvent(organizationId));
    await worker.drain();
    return lastRequest();
  }

  /** Whether a receiver that knows this secret alone takes the request. */
  function isTakenWith(secret: string, request: ReceivedRequest): boolean {
    try {
      verified(secret, request);
      return true;
    } catch {
      return false;
    }
  }

  it('rotates: for 24 hours receivers with the old and with the new secret take deliveries, then only the new', async () => {
    const { endpoint, secret: old } = await anEndpoint(context, organizationId, { url: receiver.url(path) });
    const { secret: fresh } = await endpoints.rotateSecret(organizationId, endpoint.id);
    expect(fresh).not.toBe(old);

    for (const hours of [0, 12, 23.9]) {
      context.clock.set(new Date(NOW.getTime() + hours * HOUR_MS));
      const request = await deliver();
      expect([isTakenWith(old, request), isTakenWith(fresh, request)]).toEqual([true, true]);
    }
    context.clock.set(new Date(NOW.getTime() + 24 * HOUR_MS));
    const request = await deliver();
    expect([isTakenWith(old, request), isTakenWith(fresh, request)]).toEqual([false, true]);
  });

  it('stand nowhere in the database in the clear, nor in the log of attempts', async () => {
    const { endpoint, secret } = await anEndpoint(context, organizationId, {
      url: receiver.url(`${path}?token=SECRET-IN-URL`),
      format: 'pagerduty',
      headers: { 'X-Token': 'SECRET-IN-HEADER' },
      settings: { routing_key: ROUTING_KEY },
    });
    await enqueue(context, anEvent(organizationId, { data: { ...anEvent(organizationId).data, alert_id: 'a' } }));
    await worker.drain();

    const sent = receiver.requests.at(-1)!;
    expect(sent.headers['x-token']).toBe('SECRET-IN-HEADER');
    expect(sent.body).toContain(ROUTING_KEY);
    for (const table of ['webhook_endpoint', 'webhook_endpoint_health', 'webhook_delivery', 'webhook_attempt']) {
      const [row] = await context.database.query<{ all: string }>(
        `SELECT coalesce(string_agg(t::text, ' '), '') AS all FROM ${table} t`,
      );
      for (const clear of ['SECRET-IN', ROUTING_KEY, secret.slice('whsec_'.length)])
        expect(row!.all).not.toContain(clear);
    }
    const attempts = (await attemptsTo(context, endpoint.id)) as unknown as {
      request_url: string;
      request_headers: Record<string, string>;
      request_body: string;
    }[];
    expect(attempts).toMatchObject([
      { request_url: `http://${receiver.host}/…`, request_headers: { 'x-token': '[redacted]' } },
    ]);
    expect(attempts[0]!.request_body).toContain('"routing_key":"[redacted]"');
  });

  it('go with a header of the endpoint, which cannot take the place of what signs', async () => {
    await anEndpoint(context, organizationId, { url: receiver.url(path), headers: { Authorization: 'Bearer abc' } });

    expect((await deliver()).headers).toMatchObject({
      authorization: 'Bearer abc',
      'content-type': 'application/json',
      'webhook-signature': expect.stringMatching(/^v1,/),
    });
  });

  it('are sealed anew when the key of the deployment is replaced, and open with the new key alone', async () => {
    const { endpoint } = await anEndpoint(context, organizationId, {
      url: receiver.url(path),
      headers: { 'x-token': 'kept' },
    });
    await endpoints.rotateSecret(organizationId, endpoint.id);
    const { VEDETTE_SECRET_KEY: oldKey } = testEnvironment();
    const options = { database: context.database };
    const rotating = await startTestModule([WebhooksModule.register()], {
      ...options,
      environment: { VEDETTE_SECRET_KEY: NEW_KEY, VEDETTE_SECRET_KEY_PREVIOUS: oldKey },
    });
    expect(await rotating.module.get(EndpointKeys).rotate()).toBe(1);
    expect(await rotating.module.get(EndpointKeys).rotate()).toBe(0);
    await rotating.close();

    const renewed = await startTestModule([WebhooksModule.register()], {
      ...options,
      environment: { VEDETTE_SECRET_KEY: NEW_KEY, VEDETTE_WEBHOOK_ALLOWED_HOSTS: [receiver.host] },
    });
    await enqueue(context, anEvent(organizationId));
    await renewed.module.get(WebhookWorker).drain();
    await renewed.close();

    expect(lastRequest().headers).toMatchObject({ 'x-token': 'kept' });
    expect(String(lastRequest().headers['webhook-signature']).split(' ')).toHaveLength(2);
  });

  it('says which key is missing where something was sealed under a third', async () => {
    await anEndpoint(context, organizationId, { url: receiver.url(path) });
    const stranger = await startTestModule([WebhooksModule.register()], {
      database: context.database,
      environment: { VEDETTE_SECRET_KEY: NEW_KEY },
    });
    await expect(stranger.module.get(EndpointKeys).rotate()).rejects.toThrow(/was encrypted with key [0-9a-f]{8}/);
    await stranger.close();

    expect(await deliver()).toBeDefined();
  });

  it('seals at the start what was saved before URLs were sealed', async () => {
    const { endpoint } = await anEndpoint(context, organizationId, { url: receiver.url(path) });
    await context.database.query('UPDATE webhook_endpoint SET url = $1', [receiver.url(path)]);
    expect(await deliver()).toBeDefined();

    const restarted = await startTestModule([WebhooksModule.register()], { database: context.database });
    await restarted.close();

    const [row] = await context.database.query<{ url: string }>('SELECT url FROM webhook_endpoint');
    expect(context.module.get(SecretBox).open(row!.url, `${endpoint.id}:url`)).toBe(receiver.url(path));
    await deliver();
    expect((await deliveriesTo(context, endpoint.id)).every(({ status }) => status === 'delivered')).toBe(true);
  });
});
