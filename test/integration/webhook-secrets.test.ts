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

  /** Whether a receiver with only this secret accepts the request. */
  function isAcceptedWith(secret: string, request: ReceivedRequest): boolean {
    try {
      verified(secret, request);
      return true;
    } catch {
      return false;
    }
  }

  it('sign with the old and the new secret for 24 hours after a rotation, then only with the new one', async () => {
    const { endpoint, secret: old } = await anEndpoint(context, organizationId, { url: receiver.url(path) });
    const { secret: fresh } = await endpoints.rotateSecret(organizationId, endpoint.id);
    expect(fresh).not.toBe(old);

    for (const hours of [0, 12, 23.9]) {
      context.clock.set(new Date(NOW.getTime() + hours * HOUR_MS));
      const request = await deliver();
      expect([isAcceptedWith(old, request), isAcceptedWith(fresh, request)]).toEqual([true, true]);
    }
    context.clock.set(new Date(NOW.getTime() + 24 * HOUR_MS));
    const request = await deliver();
    expect([isAcceptedWith(old, request), isAcceptedWith(fresh, request)]).toEqual([false, true]);
  });

  it('are encrypted in the database and absent from the log of attempts', async () => {
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
      for (const clear of ['SECRET-IN', ROUTING_KEY, secret.slice('whsec_'.length)]) {
        expect(row!.all).not.toContain(clear);
      }
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

  it('are sent in custom headers, which cannot replace the signature', async () => {
    await anEndpoint(context, organizationId, { url: receiver.url(path), headers: { Authorization: 'Bearer abc' } });

    expect((await deliver()).headers).toMatchObject({
      authorization: 'Bearer abc',
      'content-type': 'application/json',
      'webhook-signature': expect.stringMatching(/^v1,/),
    });
  });

  it('are encrypted again after a key rotation, and then need only the new key', async () => {
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

  it('cause an error with the key id if their key is unknown', async () => {
    await anEndpoint(context, organizationId, { url: receiver.url(path) });
    const stranger = await startTestModule([WebhooksModule.register()], {
      database: context.database,
      environment: { VEDETTE_SECRET_KEY: NEW_KEY },
    });
    await expect(stranger.module.get(EndpointKeys).rotate()).rejects.toThrow(/was encrypted with key [0-9a-f]{8}/);
    await stranger.close();

    expect(await deliver()).toBeDefined();
  });

  it('include URLs from old versions, which are encrypted at the start', async () => {
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
