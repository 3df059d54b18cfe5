import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Transactions } from '../../database/index.js';
import type { OutboxEvent } from '../endpoints/webhook-events.js';
import { EventWriter } from '../outbox/event-writer.js';
import { WebhookWorker } from './webhook-worker.js';

/** Where the rest of Vedette hands over what endpoints are to be told. */
@Injectable()
export class WebhookOutbox {
  constructor(
    private readonly transactions: Transactions,
    private readonly writer: EventWriter,
    private readonly worker: WebhookWorker,
  ) {}

  /**
   * Writes the deliveries of these events in the caller's transaction: to every enabled endpoint of the event's organisation that subscribes to its type and
   * whose filters it passes, and to its direct endpoint. Nothing is sent before the commit; what is committed is sent at least once.
   * @param manager of a transaction that `Transactions.run` opened.
   * @returns how many deliveries are to be sent.
   */
  async enqueue(manager: EntityManager, events: readonly OutboxEvent[]): Promise<number> {
    const count = await this.writer.write(manager, events);
    if (count > 0) this.transactions.afterCommit(manager, () => this.worker.wake());
    return count;
  }
}
