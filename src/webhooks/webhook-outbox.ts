import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { queryRows, Transactions } from '../database/index.js';
import { WebhookWorker } from './delivery/webhook-worker.js';
import { eventBody, type OutboxEvent } from './webhook-events.js';

/**
 * One row for each event and endpoint: an endpoint that is both subscribed and direct matches the join once. The share lock waits for whoever is just deleting
 * an endpoint and then leaves it out, where the foreign key would fail the caller's transaction.
 */
const ENQUEUE = `
  WITH event AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::uuid[])
      AS v (event_id, organization_id, event_type, alert_id, body, direct_endpoint_id)
  ), inserted AS (
    INSERT INTO webhook_delivery (id, organization_id, endpoint_id, event_id, event_type, alert_id, body, next_attempt_at, created_at)
    SELECT vedette_uuidv7(), e.organization_id, e.id, v.event_id, v.event_type, v.alert_id, v.body, $7, $7
    FROM event v JOIN webhook_endpoint e ON e.organization_id = v.organization_id AND e.is_enabled
      AND (v.event_type = ANY (e.events) OR e.id = v.direct_endpoint_id)
    FOR KEY SHARE OF e
    ON CONFLICT (event_id, endpoint_id) DO NOTHING
    RETURNING 1
  )
  SELECT count(*)::integer AS count FROM inserted`;

/** Where the rest of Vedette hands over what endpoints are to be told. */
@Injectable()
export class WebhookOutbox {
  constructor(
    private readonly transactions: Transactions,
    private readonly clock: Clock,
    private readonly worker: WebhookWorker,
  ) {}

  /**
   * Writes the deliveries of these events in the caller's transaction: to every enabled endpoint of the event's organisation that subscribes to its type, and
   * to its direct endpoint. Nothing is sent before the commit; what is committed is sent at least once.
   * @param manager of a transaction that `Transactions.run` opened.
   * @returns how many deliveries were written.
   */
  async enqueue(manager: EntityManager, events: readonly OutboxEvent[]): Promise<number> {
    if (events.length === 0) return 0;
    const column = <T>(value: (event: OutboxEvent) => T): T[] => events.map(value);
    const [row] = await queryRows<{ count: number }>(manager, ENQUEUE, [
      column(({ eventId }) => eventId),
      column(({ organizationId }) => organizationId),
      column(({ type }) => type),
      column(({ alertId }) => alertId),
      column(({ type, occurredAt, data }) => eventBody(type, occurredAt, data)),
      column(({ directEndpointId }) => directEndpointId),
      this.clock.now(),
    ]);
    const count = row?.count ?? 0;
    if (count > 0) this.transactions.afterCommit(manager, () => this.worker.wake());
    return count;
  }
}
