import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { AddressGuard } from '../../src/webhooks/address-guard/address-guard.js';
import { HostResolver } from '../../src/webhooks/address-guard/host-resolver.js';
import { DeliverySettings } from '../../src/webhooks/attempts/delivery-settings.js';
import { WebhookAgent } from '../../src/webhooks/transport/webhook-agent.js';
import { WebhookExchange, type BoundedAnswer } from '../../src/webhooks/transport/webhook-exchange.js';
import { testEnvironment } from '../support/test-module.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

/** Returns the answers of each name in turn, and then repeats the last one, like an attacker's name server. */
class ChangingResolver extends HostResolver {
  constructor(private readonly answers: Record<string, string[][]>) {
    super();
  }

  override async resolve(hostname: string): Promise<LookupAddress[]> {
    const answers = this.answers[hostname] ?? [];
    const addresses = (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  }
}

describe('the address guard at connect', () => {
  let receiver: WebhookReceiver;
  let bystander: Server;
  let port: number;
  let connections = 0;
  const agents: WebhookAgent[] = [];

  beforeAll(async () => {
    receiver = await startWebhookReceiver();
    bystander = createServer((socket) => {
      connections += 1;
      socket.destroy();
    }).listen(0, '::');
    await once(bystander, 'listening');
    port = (bystander.address() as AddressInfo).port;
  });
  afterAll(async () => {
    await Promise.all(agents.map((agent) => agent.onApplicationShutdown()));
    await receiver.close();
    bystander.close();
  });

  function guarded(
    answers: Record<string, string[][]>,
    allowed: string[] = [],
  ): { guard: AddressGuard; agent: WebhookAgent } {
    const resolver = new ChangingResolver(answers);
    const environment = testEnvironment({ VEDETTE_WEBHOOK_ALLOWED_HOSTS: allowed });
    const guard = new AddressGuard(environment, resolver);
    const agent = new WebhookAgent(guard, resolver, DeliverySettings.with({ connectTimeoutMs: 2_000 }), environment);
    agents.push(agent);
    return { guard, agent };
  }

  const post = (agent: WebhookAgent, origin: string): Promise<BoundedAnswer> =>
    agent.send(new WebhookExchange({ origin, path: '/', headers: {}, body: Buffer.from('{}') }));

  it.each([
    '127.0.0.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '2130706433',
    '0x7f.1',
    '0.0.0.0',
    '[::]',
    'localhost',
    '[64:ff9b::7f00:1]',
  ])('opens no socket to https://%s', async (host) => {
    await expect(post(guarded({}).agent, new URL(`https://${host}:${port}`).origin)).rejects.toThrow(
      'refused by the address guard',
    );
    expect(connections).toBe(0);
  });

  it('refuses a name that resolved to a public address only when it was saved', async () => {
    const { guard, agent } = guarded({ 'rebinding.example': [['8.8.8.8'], ['127.0.0.1']] });
    await guard.checkForSaving(`https://rebinding.example:${port}/`);

    await expect(post(agent, `https://rebinding.example:${port}`)).rejects.toThrow(
      'refused by the address guard: rebinding.example resolves to 127.0.0.1, which is loopback',
    );
    expect(connections).toBe(0);
  });

  it('refuses a name if one of its addresses is refused', async () => {
    const { agent } = guarded({ 'mixed.example': [['8.8.8.8', '::1']] });

    await expect(post(agent, `https://mixed.example:${port}`)).rejects.toThrow(
      'mixed.example resolves to ::1, which is loopback',
    );
    expect(connections).toBe(0);
  });

  it('refuses plain http to a name that is not allowed', async () => {
    await expect(post(guarded({ 'plain.example': [['8.8.8.8']] }).agent, 'http://plain.example')).rejects.toThrow(
      'http:// to plain.example is not https://',
    );
  });

  it('reaches an allowed host at any address', async () => {
    const receiverPort = new URL(receiver.url()).port;
    const { agent } = guarded({ 'hooks.internal': [['127.0.0.1']] }, [`hooks.internal:${receiverPort}`]);

    const answer = await post(agent, `http://hooks.internal:${receiverPort}`);

    expect(answer.statusCode).toBe(204);
  });
});
