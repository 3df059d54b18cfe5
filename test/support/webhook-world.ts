import { Webhook } from 'standardwebhooks';
import type { Environment } from '../../src/config/index.js';
import type { DeliverySettings } from '../../src/webhooks/attempts/delivery-settings.js';
import { WebhooksModule, WebhookWorker } from '../../src/webhooks/index.js';
import { anOrganization } from './factories.js';
import { NOW, startTestModule, type TestContext } from './test-module.js';
import { startWebhookReceiver, type ReceivedRequest, type WebhookReceiver } from './webhook-receiver.js';

/** Webhooks on a database of their own, and a receiver that they may reach. Close it in `afterAll`. */
export interface WebhookWorld {
  receiver: WebhookReceiver;
  context: TestContext;
  worker: WebhookWorker;
  /** Sets the clock to {@link NOW}, removes every endpoint, and gives the next test an organisation and a path at the receiver that nobody has used. */
  fresh(): Promise<{ organizationId: string; path: string }>;
  /** A further process on the same database. Close it before the world. */
  startReplica(): Promise<TestContext>;
  close(): Promise<void>;
}

/**
 * @param delivery bounds that are not those of a deployment.
 * @param environment settings beside the one that lets webhooks reach the receiver.
 */
export async function startWebhookWorld(
  delivery: Partial<DeliverySettings> = {},
  environment: Partial<Environment> = {},
): Promise<WebhookWorld> {
  const receiver = await startWebhookReceiver();
  const start = (of: { database?: TestContext['database'] } = {}): Promise<TestContext> =>
    startTestModule([WebhooksModule.register({ delivery })], {
      environment: { VEDETTE_WEBHOOK_ALLOWED_HOSTS: [receiver.host], ...environment },
      ...of,
    });
  const context = await start();
  let paths = 0;
  return {
    receiver,
    context,
    worker: context.module.get(WebhookWorker),
    fresh: async () => {
      context.clock.set(NOW);
      await context.database.query('DELETE FROM webhook_endpoint');
      paths += 1;
      return { organizationId: await anOrganization(context.database), path: `/hook-${paths}` };
    },
    startReplica: () => start({ database: context.database }),
    close: async () => {
      await context.close();
      await receiver.close();
    },
  };
}

/**
 * What a receiver with this secret reads, by the reference implementation. It takes only what was signed within five minutes of the real present; a stopped clock
 * is shown to it as the present.
 * @throws Error where the signature does not fit.
 */
export function verified(secret: string, { body, headers }: ReceivedRequest): unknown {
  const now = new Date(Number(headers['webhook-timestamp']) * 1_000);
  jest.useFakeTimers({ now, doNotFake: ['nextTick', 'setImmediate', 'setTimeout', 'setInterval'] });
  try {
    return new Webhook(secret).verify(body, headers as Record<string, string>);
  } finally {
    jest.useRealTimers();
  }
}
