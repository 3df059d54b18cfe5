import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { newId } from '../../common/ids.js';
import { Transactions } from '../../database/index.js';
import { DeliverySettings } from '../attempts/delivery-settings.js';
import { WebhookDelivery } from '../attempts/webhook-delivery.entity.js';
import { WebhookEvent } from '../attempts/webhook-event.entity.js';
import { WebhookWorker } from '../delivery/webhook-worker.js';
import type { WebhookEndpoint } from '../endpoints/webhook-endpoint.entity.js';
import { eventBody, PING_EVENT } from '../endpoints/webhook-events.js';
import { WebhookDeliveriesService, type DeliveryWithAttempts } from './webhook-deliveries.service.js';

const POLL_INTERVAL_MS = 100;

/** Tests an endpoint with the same queue, worker, signature and guard that alerts use. */
@Injectable()
export class WebhookPingService {
  constructor(
    private readonly transactions: Transactions,
    private readonly deliveries: WebhookDeliveriesService,
    private readonly worker: WebhookWorker,
    private readonly clock: Clock,
    private readonly settings: DeliverySettings,
  ) {}

  /**
   * Sends a ping, even to a disabled endpoint, and waits for its single attempt. It polls the row, because any replica
   * may make the attempt.
   * @returns the delivery; still `pending` if no worker made the attempt in time.
   */
  async ping({ organizationId, id: endpointId }: WebhookEndpoint): Promise<DeliveryWithAttempts> {
    const deliveryId = await this.enqueue(organizationId, endpointId);
    const waitUntil = performance.now() + this.settings.pingWaitMs;
    for (;;) {
      const outcome = await this.deliveries.get(organizationId, endpointId, deliveryId);
      if (outcome.delivery.status !== 'pending' || performance.now() > waitUntil) return outcome;
      await sleep(POLL_INTERVAL_MS);
    }
  }

  private async enqueue(organizationId: string, endpointId: string): Promise<string> {
    const id = newId();
    const now = this.clock.now();
    const data = {
      webhook_id: endpointId,
      message: 'This is a test of the webhook: deliveries of alerts will arrive the same way.',
    };
    const eventId = newId();
    await this.transactions.run(async (manager) => {
      await manager.insert(WebhookEvent, {
        organizationId,
        id: eventId,
        body: eventBody(PING_EVENT, now, data),
        createdAt: now,
      });
      await manager.insert(WebhookDelivery, {
        id,
        organizationId,
        endpointId,
        eventId,
        eventType: PING_EVENT,
        nextAttemptAt: now,
        createdAt: now,
      });
      this.transactions.afterCommit(manager, () => this.worker.wake());
    });
    return id;
  }
}
