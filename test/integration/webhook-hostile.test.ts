import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { invalidInput } from '../../src/common/errors/index.js';
import { SecretBox } from '../../src/common/secret-box.js';
import { WebhookPingService } from '../../src/webhooks/api/webhook-ping.service.js';
import { WebhookEndpointsService, WebhooksModule, WebhookWorker } from '../../src/webhooks/index.js';
import { anOrganization } from '../support/factories.js';
import { startTestModule, type TestContext } from '../support/test-module.js';
import { anEndpoint, anEvent, attemptsTo, deliveriesTo, enqueue } from '../support/webhook-factories.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';
import { startWebhookWorld, type WebhookWorld } from '../support/webhook-world.js';

const EXCHANGE_TIMEOUT_MS = 400;
const MEGABYTE = 1024 * 1024;

/** Each URL leads to this machine, to a metadata service, or breaks the rules in another way. */
const HOSTILE = [
  'https://127.0.0.1/SECRET',
  'https://2130706433/SECRET',
  'https://0x7f.1/SECRET',
  'https://0177.0.0.1/SECRET',
  'https://localhost/SECRET',
  'https://app.localhost./SECRET',
  'https://0.0.0.0/SECRET',
  'https://[::1]/SECRET',
  'https://[::]/SECRET',
  'https://[::ffff:127.0.0.1]/SECRET',
  'https://[64:ff9b::a9fe:a9fe]/SECRET',
  'https://[2002:7f00:1::]/SECRET',
  'https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/SECRET',
  'https://169.254.169.254/latest/meta-data/SECRET',
  'https://[fd00:ec2::254]/SECRET',
  'https://10.0.0.1/SECRET',
  'https://224.0.0.1/SECRET',
  'https://240.0.0.1/SECRET',
  'http://93.184.216.34/SECRET',
  'ftp://example.com/SECRET',
  'https://user:SECRET@example.com/',
];

describe('hostile receivers', () => {
  let world: WebhookWorld;
  let receiver: WebhookWorld['receiver'];
  let context: WebhookWorld['context'];
  let worker: WebhookWorld['worker'];
  let organizationId: string;

  beforeAll(async () => {
    world = await startWebhookWorld({ exchangeTimeoutMs: EXCHANGE_TIMEOUT_MS });
    ({ receiver, context, worker } = world);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    ({ organizationId } = await world.fresh());
  });

  describe.each(HOSTILE)('at %s', (url) => {
    it('are refused when an endpoint is created or changed', async () => {
      const endpoints = context.module.get(WebhookEndpointsService);
      const { endpoint } = await anEndpoint(context, organizationId, { url: receiver.url('/saved') });
      const refused = expect.objectContaining({
        code: invalidInput([]).code,
        fields: [expect.objectContaining({ field: 'url' })],
      });

      await expect(anEndpoint(context, organizationId, { url })).rejects.toEqual(refused);
      await expect(endpoints.update(organizationId, endpoint.id, { url })).rejects.toEqual(refused);

      expect(await endpoints.get(organizationId, endpoint.id)).toMatchObject({ url: endpoint.url });
    });

    it('get no test and no delivery, even if the URL is in the database', async () => {
      const { endpoint } = await anEndpoint(context, organizationId, { url: receiver.url('/saved') });
      const sealed = context.module.get(SecretBox).seal(url, `${endpoint.id}:url`);
      await context.database.query('UPDATE webhook_endpoint SET url = $1', [sealed]);
      const before = receiver.requests.length;

      const tested = context.module.get(WebhookPingService).ping(endpoint);
      await enqueue(context, anEvent(organizationId));
      await worker.drain();
      await worker.drain();

      expect((await tested).delivery).toMatchObject({ status: 'failed', lastStatusCode: null });
      const rows = await deliveriesTo(context, endpoint.id);
      expect(rows).toHaveLength(2);
      for (const { last_error: error } of rows) {
        expect(error).toMatch(/^refused by the address guard: /);
        expect(error).not.toContain('SECRET');
      }
      expect(receiver.requests.length).toBe(before);
    });
  });

  it('cannot redirect a test or a delivery to a metadata service', async () => {
    const { endpoint } = await anEndpoint(context, organizationId, { url: receiver.url('/redirects') });
    const headers = { location: 'http://169.254.169.254/latest/meta-data/' };
    receiver.answer('/redirects', { status: 302, headers }, { status: 307, headers }, { status: 308, headers });
    const tested = context.module.get(WebhookPingService).ping(endpoint);
    await enqueue(context, anEvent(organizationId));
    await worker.drain();
    await worker.drain();

    expect((await tested).delivery.lastError).toMatch(/a redirect, which is never followed/);
    for (const { last_error: error } of await deliveriesTo(context, endpoint.id)) expect(error).toContain('redirect');
  });

  it('cannot use up memory or time with many endless answers', async () => {
    const count = 40;
    const chunk = Buffer.alloc(MEGABYTE, 'x');
    let written = 0;
    receiver.answer(
      '/flood',
      ...Array.from({ length: count }, () => (response: ServerResponse) => {
        let left = 100;
        response.writeHead(200, { 'content-length': String(100 * MEGABYTE) });
        const write = (): void => {
          while (left > 0 && !response.destroyed) {
            left -= 1;
            written += 1;
            if (!response.write(chunk)) return void response.once('drain', write);
          }
        };
        write();
      }),
    );
    const { endpoint } = await anEndpoint(context, organizationId, { url: receiver.url('/flood') });
    await enqueue(context, ...Array.from({ length: count }, () => anEvent(organizationId)));
    global.gc?.();
    const before = process.memoryUsage();
    const started = performance.now();
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, memoryOf(process.memoryUsage()))), 5);
    expect(await worker.drain()).toBe(count);
    clearInterval(watch);

    expect(performance.now() - started).toBeLessThan(20_000);
    // The receiver offered 4 GB.
    expect(written).toBeLessThan(count * 20);
    expect(most - memoryOf(before)).toBeLessThan(200 * MEGABYTE);
    const attempts = await attemptsTo(context, endpoint.id);
    expect(attempts.every(({ response_body: body }) => body?.length === 16 * 1024)).toBe(true);
  });

  it('cannot exceed the time limit with slow answers', async () => {
    const count = 8;
    const timers: NodeJS.Timeout[] = [];
    receiver.answer(
      '/drip',
      ...Array.from({ length: count }, () => (response: ServerResponse) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write('.'), 20);
        timers.push(timer);
        response.on('close', () => clearInterval(timer));
      }),
    );
    const { endpoint } = await anEndpoint(context, organizationId, { url: receiver.url('/drip') });
    await enqueue(context, ...Array.from({ length: count }, () => anEvent(organizationId)));
    const started = performance.now();
    await worker.drain();
    timers.forEach(clearInterval);

    expect(performance.now() - started).toBeLessThan(10 * EXCHANGE_TIMEOUT_MS);
    const attempts = await attemptsTo(context, endpoint.id);
    expect(attempts.length).toBeGreaterThan(0);
    expect(attempts.every(({ error }) => error === 'no complete answer within 0.4 s')).toBe(true);
  });
});

describe('an egress proxy', () => {
  let receiver: WebhookReceiver;
  let proxy: Server;
  let proxiedRequests: { target: string; authorization: string | undefined }[];
  let context: TestContext;

  beforeAll(async () => {
    receiver = await startWebhookReceiver();
    proxiedRequests = [];
    proxy = createServer().on('connect', (request, client: Socket) => {
      proxiedRequests.push({ target: request.url ?? '', authorization: request.headers['proxy-authorization'] });
      // The proxy resolves names itself: every name leads to the receiver.
      const upstream = connect(Number(receiver.host.split(':')[1]), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        upstream.pipe(client).pipe(upstream);
      });
      for (const socket of [client, upstream]) socket.on('error', () => socket.destroy());
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    const { port } = proxy.address() as AddressInfo;
    context = await startTestModule([WebhooksModule.register()], {
      environment: {
        VEDETTE_WEBHOOK_PROXY_URL: `http://vedette:pass%20word@127.0.0.1:${port}`,
        VEDETTE_WEBHOOK_ALLOWED_HOSTS: ['hooks.internal'],
      },
    });
  });
  afterAll(async () => {
    await context.close();
    proxy.closeAllConnections();
    proxy.close();
    await receiver.close();
  });

  it('transports deliveries with its user name and password, and the guard still refuses addresses', async () => {
    const organizationId = await anOrganization(context.database);
    const good = await anEndpoint(context, organizationId, { url: 'http://hooks.internal/proxied' });
    const bad = await anEndpoint(context, organizationId, { url: 'http://hooks.internal/' });
    const sealed = context.module.get(SecretBox).seal('https://169.254.169.254/', `${bad.endpoint.id}:url`);
    await context.database.query('UPDATE webhook_endpoint SET url = $2 WHERE id = $1', [bad.endpoint.id, sealed]);
    await enqueue(context, anEvent(organizationId));
    await context.module.get(WebhookWorker).drain();

    expect(await deliveriesTo(context, good.endpoint.id)).toMatchObject([{ status: 'delivered' }]);
    expect(receiver.requests).toMatchObject([{ path: '/proxied' }]);
    expect(proxiedRequests).toEqual([
      { target: 'hooks.internal:80', authorization: `Basic ${Buffer.from('vedette:pass word').toString('base64')}` },
    ]);
    expect(await deliveriesTo(context, bad.endpoint.id)).toMatchObject([
      { status: 'pending', last_error: expect.stringMatching(/^refused by the address guard: .*metadata/) },
    ]);
  });
});

function memoryOf({ rss }: NodeJS.MemoryUsage): number {
  return rss;
}
