import { HttpService } from '@nestjs/axios';
import { newId } from '../../src/common/ids.js';
import { WebhookEndpointsService } from '../../src/webhooks/index.js';
import { NOW } from '../support/test-module.js';
import {
  anEndpoint,
  anEvent,
  attemptsTo,
  deliveriesTo,
  enqueue,
  type DeliveryRow,
} from '../support/webhook-factories.js';
import type { ReceivedRequest, ScriptedAnswer } from '../support/webhook-receiver.js';
import { startWebhookWorld, verified, type WebhookWorld } from '../support/webhook-world.js';

const EXCHANGE_TIMEOUT_MS = 400;
const MEGABYTE = Buffer.alloc(1024 * 1024, 'x');

describe('webhook delivery', () => {
  let world: WebhookWorld;
  let receiver: WebhookWorld['receiver'];
  let context: WebhookWorld['context'];
  let worker: WebhookWorld['worker'];
  let organizationId: string;
  let path: string;

  beforeAll(async () => {
    world = await startWebhookWorld(
      { exchangeTimeoutMs: EXCHANGE_TIMEOUT_MS },
      { VEDETTE_PUBLIC_URL: 'https://vedette.example/soc' },
    );
    ({ receiver, context, worker } = world);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    ({ organizationId, path } = await world.fresh());
  });

  /** Sends one event to one endpoint with scripted answers, and returns the state after the first attempt. */
  async function deliverOnce(
    ...answers: ScriptedAnswer[]
  ): Promise<{ endpointId: string; secret: string; delivery: DeliveryRow }> {
    receiver.answer(path, ...answers);
    const { endpoint, secret } = await anEndpoint(context, organizationId, { url: receiver.url(path) });
    await enqueue(context, anEvent(organizationId));
    expect(await worker.drain()).toBe(1);
    return { endpointId: endpoint.id, secret, delivery: await onlyDelivery(endpoint.id) };
  }

  async function onlyDelivery(endpointId: string): Promise<DeliveryRow> {
    const rows = await deliveriesTo(context, endpointId);
    expect(rows).toHaveLength(1);
    return rows[0] as DeliveryRow;
  }

  const received = (): ReceivedRequest[] => receiver.requests.filter((request) => request.path === path);

  /** The time until the next attempt, in seconds. */
  const secondsUntil = (delivery: DeliveryRow): number =>
    (delivery.next_attempt_at.getTime() - context.clock.now().getTime()) / 1_000;

  it('sends the stored bytes with a signature and the expected headers', async () => {
    const { delivery, secret } = await deliverOnce();

    expect(delivery).toMatchObject({
      status: 'delivered',
      attempt_count: 1,
      last_status_code: 204,
      last_error: null,
      completed_at: NOW,
    });
    const [request] = received() as [ReceivedRequest];
    expect(request.body).toBe(delivery.body);
    expect(request.headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(delivery.body)),
      'user-agent': expect.stringMatching(/^Vedette\/\d+\.\d+\.\d+/),
      'webhook-id': `msg_${delivery.id}`,
      'webhook-timestamp': String(NOW.getTime() / 1_000),
    });
    expect(verified(secret, request)).toMatchObject({
      type: 'alert.fired',
      timestamp: NOW.toISOString(),
      data: { title: 'Détection perdue 🐎' },
    });
  });

  it('links to the alert with the public URL of the deployment', async () => {
    await anEndpoint(context, organizationId, { url: receiver.url(path), format: 'discord' });
    const alertId = newId();
    await enqueue(context, anEvent(organizationId, { data: { alert_id: alertId, title: 'Lost' } }));
    await worker.drain();

    expect(JSON.parse(received()[0]!.body)).toMatchObject({
      embeds: [{ url: `https://vedette.example/soc/alerts/${alertId}` }],
    });
  });

  it('retries on schedule, with the same id and a new timestamp', async () => {
    const { delivery, endpointId, secret } = await deliverOnce({ status: 500, body: 'boom\0' });
    expect(delivery).toMatchObject({
      status: 'pending',
      attempt_count: 1,
      last_status_code: 500,
      last_error: 'answered 500',
      lock_token: null,
    });
    expect(secondsUntil(delivery)).toBeGreaterThanOrEqual(4);
    expect(secondsUntil(delivery)).toBeLessThanOrEqual(6);

    context.clock.advanceMs(3_999);
    expect(await worker.drain()).toBe(0);
    context.clock.set(delivery.next_attempt_at);
    expect(await worker.drain()).toBe(1);

    expect(await onlyDelivery(endpointId)).toMatchObject({ status: 'delivered', attempt_count: 2 });
    expect(await attemptsTo(context, endpointId)).toMatchObject([
      { attempt: 1, status_code: 500, error: 'answered 500', response_body: 'boom' },
      { attempt: 2, status_code: 204, error: null },
    ]);
    const [first, second] = received() as [ReceivedRequest, ReceivedRequest];
    expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
    expect(Number(second.headers['webhook-timestamp'])).toBeGreaterThan(Number(first.headers['webhook-timestamp']));
    expect(second.body).toBe(first.body);
    for (const request of [first, second]) expect(verified(secret, request)).toHaveProperty('type', 'alert.fired');
  });

  it('gives up after the tenth attempt', async () => {
    const { endpointId } = await deliverOnce(...Array.from({ length: 11 }, () => ({ status: 500 })));
    for (let attempts = 1; attempts < 12; attempts += 1) {
      context.clock.set((await onlyDelivery(endpointId)).next_attempt_at);
      await worker.drain();
    }

    expect(await onlyDelivery(endpointId)).toMatchObject({
      status: 'failed',
      attempt_count: 10,
      last_error: 'answered 500',
      completed_at: context.clock.now(),
    });
    expect(received()).toHaveLength(10);
  });

  it.each([
    ['seconds', '3600'],
    ['a date', new Date(NOW.getTime() + 3_600_000).toUTCString()],
  ])('waits for the time of Retry-After in %s', async (_, retryAfter) => {
    const { delivery } = await deliverOnce({ status: 503, headers: { 'retry-after': retryAfter } });

    expect(secondsUntil(delivery)).toBe(3_600);
  });

  it('disables an endpoint that answers 410, and enqueues no further events for it', async () => {
    receiver.answer(path, { status: 410 });
    const { endpoint } = await anEndpoint(context, organizationId, { url: receiver.url(path) });
    await enqueue(context, anEvent(organizationId));
    await worker.drain();
    context.clock.advanceMs(1_000);

    expect(await onlyDelivery(endpoint.id)).toMatchObject({ status: 'failed', last_status_code: 410 });
    expect(await context.module.get(WebhookEndpointsService).get(organizationId, endpoint.id)).toHaveProperty(
      'isEnabled',
      false,
    );
    expect(await enqueue(context, anEvent(organizationId))).toBe(0);
  });

  it('counts a redirect as a failure and does not follow it', async () => {
    receiver.answer('/elsewhere', { status: 200 });
    const toMetadata = { status: 302, headers: { location: 'http://169.254.169.254/latest/meta-data/' } };
    const { delivery, endpointId } = await deliverOnce(toMetadata, {
      status: 307,
      headers: { location: receiver.url('/elsewhere') },
    });
    expect(delivery).toMatchObject({
      status: 'pending',
      last_status_code: 302,
      last_error: 'answered 302, a redirect, which is never followed',
    });

    context.clock.set(delivery.next_attempt_at);
    await worker.drain();

    expect(await onlyDelivery(endpointId)).toMatchObject({ status: 'pending', last_status_code: 307 });
    expect(receiver.requests.some((request) => request.path === '/elsewhere')).toBe(false);
  });

  it('runs the interceptors of HttpService', async () => {
    const { interceptors } = context.module.get(HttpService, { strict: false }).axiosRef;
    const seen: string[] = [];
    const ids = {
      request: interceptors.request.use((config) => (seen.push('request'), config)),
      response: interceptors.response.use((response) => (seen.push(`answered ${response.status}`), response)),
    };
    try {
      const { delivery } = await deliverOnce();
      expect(delivery).toMatchObject({ status: 'delivered', last_status_code: 204 });
      expect(seen).toEqual(['request', 'answered 204']);
    } finally {
      interceptors.request.eject(ids.request);
      interceptors.response.eject(ids.response);
    }
  });

  it('stores 16 kB of an endless answer and closes the connection', async () => {
    let written = 0;
    let isHungUp = false;
    const { delivery, endpointId } = await deliverOnce((response) => {
      response.on('close', () => (isHungUp = true));
      response.writeHead(200, { 'content-length': String(100 * MEGABYTE.length) });
      const write = (): void => {
        while (written < 100 && !isHungUp) {
          written += 1;
          if (!response.write(MEGABYTE)) return void response.once('drain', write);
        }
      };
      write();
    });

    expect(delivery).toMatchObject({ status: 'delivered', last_status_code: 200 });
    const [attempt] = await attemptsTo(context, endpointId);
    expect(attempt?.response_body).toBe('x'.repeat(16 * 1024));
    expect(written).toBeLessThan(100);
  });

  it('aborts an answer that takes too long', async () => {
    let drip: NodeJS.Timeout | undefined;
    const { delivery } = await deliverOnce((response) => {
      response.writeHead(200);
      drip = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(drip));
    });

    expect(delivery).toMatchObject({
      status: 'pending',
      last_status_code: null,
      last_error: 'no complete answer within 0.4 s',
    });
    expect(secondsUntil(delivery)).toBe(60);
  });

  it('stores why there was no answer, without the path', async () => {
    const { delivery } = await deliverOnce((response) => void response.socket?.destroy());
    expect(delivery.last_error).toBe('the connection was closed before the answer was complete');

    const { endpoint } = await anEndpoint(context, organizationId, {
      url: 'https://vedette.invalid/SECRET?token=SECRET',
    });
    await enqueue(context, anEvent(organizationId));
    await worker.drain();

    expect((await onlyDelivery(endpoint.id)).last_error).toMatch(/^the host name does not resolve/);
  });

  it('checks the address again at each delivery', async () => {
    const { endpoint } = await anEndpoint(context, organizationId, { url: receiver.url(path) });
    await context.database.query('UPDATE webhook_endpoint SET url = $2 WHERE id = $1', [
      endpoint.id,
      'https://127.0.0.1:1/SECRET',
    ]);
    await enqueue(context, anEvent(organizationId));
    await worker.drain();

    expect(await onlyDelivery(endpoint.id)).toMatchObject({
      status: 'pending',
      last_error: 'refused by the address guard: 127.0.0.1 is loopback',
    });
  });

  it('delivers to other endpoints if one secret cannot be decrypted', async () => {
    const broken = await anEndpoint(context, organizationId, { url: receiver.url(path) });
    const sound = await anEndpoint(context, organizationId, { url: receiver.url(path) });
    await context.database.query('UPDATE webhook_endpoint SET secret_ciphertext = $2 WHERE id = $1', [
      broken.endpoint.id,
      sound.endpoint.secretCiphertext,
    ]);
    await enqueue(context, anEvent(organizationId));
    await worker.drain();

    expect(await onlyDelivery(broken.endpoint.id)).toMatchObject({
      status: 'pending',
      last_error: expect.stringMatching(/^not sent: /),
    });
    expect(await onlyDelivery(sound.endpoint.id)).toMatchObject({ status: 'delivered' });
  });

  it('delivers many events to several endpoints, each once, even if one endpoint is slow', async () => {
    const hang: ScriptedAnswer = (response) => void setTimeout(() => response.writeHead(200).end(), 50);
    receiver.answer(path, ...Array.from({ length: 300 }, () => hang));
    const slow = await anEndpoint(context, organizationId, { url: receiver.url(path) });
    const fast = await anEndpoint(context, organizationId, { url: receiver.url(`${path}/fast`) });
    await enqueue(context, ...Array.from({ length: 150 }, () => anEvent(organizationId)));

    expect(await worker.drain()).toBe(300);

    for (const { endpoint } of [slow, fast]) {
      const rows = await deliveriesTo(context, endpoint.id);
      expect(rows.every(({ status, attempt_count }) => status === 'delivered' && attempt_count === 1)).toBe(true);
    }
    expect(
      new Set(
        receiver.requests
          .filter((request) => request.path.startsWith(path))
          .map(({ headers }) => headers['webhook-id']),
      ).size,
    ).toBe(300);
  });
});
