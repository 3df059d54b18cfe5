import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Transactions } from '../../database/index.js';
import type { OutboxEvent } from '../endpoints/webhook-events.js';
import { EventWriter } from '../outbox/event-writer.js';
import { WebhookWorker } from './webhook-worker.js';

/** The entry point for other modules that have events to send. */
@Injectable()
export class WebhookOutbox {
  constructor(
    private readonly transactions: Transactions,
    private readonly writer: EventWriter,
    private readonly worker: WebhookWorker,
  ) {}

  /**
   * Writes the deliveries of these events in the caller's transaction: to each enabled endpoint of the organisation
   * that subscribes to the type and whose filters match, and to the direct endpoint. Nothing is sent before the commit.
   * Committed events are sent at least once.
   * @param manager the manager of a transaction of `Transactions.run`.
   * @returns the number of deliveries to send.
   */
  async enqueue(manager: EntityManager, events: readonly OutboxEvent[]): Promise<number> {
    const count = await this.writer.write(manager, events);
    if (count > 0) this.transactions.afterCommit(manager, () => this.worker.wake());
    return count;
  }
}
