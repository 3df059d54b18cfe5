import { Webhook } from 'standardwebhooks';
import type { Environment } from '../../src/config/index.js';
import type { DeliverySettings } from '../../src/webhooks/attempts/delivery-settings.js';
import { WebhooksModule, WebhookWorker } from '../../src/webhooks/index.js';
import { anOrganization } from './factories.js';
import { NOW, startTestModule, type TestContext } from './test-module.js';
import { startWebhookReceiver, type ReceivedRequest, type WebhookReceiver } from './webhook-receiver.js';

/** Webhooks with a separate database, and a receiver that they may reach. Close it in `afterAll`. */
export interface WebhookWorld {
  receiver: WebhookReceiver;
  context: TestContext;
  worker: WebhookWorker;
  /** Resets the clock to {@link NOW}, removes all endpoints, and returns a new organisation and an unused path. */
  fresh(): Promise<{ organizationId: string; path: string }>;
  /** Starts another process with the same database. Close it before the world. */
  startReplica(): Promise<TestContext>;
  close(): Promise<void>;
}

/**
 * @param delivery limits that differ from a deployment's.
 * @param environment settings in addition to the allowed host of the receiver.
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
 * Verifies a request with the reference implementation, which accepts only signatures from the last five minutes. So
 * the clock is set to the time of the request.
 * @throws Error if the signature is invalid.
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
