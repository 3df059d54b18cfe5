import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { queryRows } from '../../database/index.js';
import { eventBody, type OutboxEvent } from '../endpoints/webhook-events.js';
import { subscriptionFilter } from './endpoint-filter.js';

const REJECTED_BECAUSE = subscriptionFilter('e', {
  type: 'v.event_type',
  directEndpointId: 'v.direct_endpoint_id',
  severity: 'v.severity',
  ruleType: 'v.rule_type',
});

/**
 * Writes the body of each event once, and one delivery for each event and endpoint that wants it. An endpoint that
 * its own failures disabled gets a `missed` delivery, which can be recovered; one that a person disabled gets none. The
 * share lock waits for a concurrent delete of an endpoint: without it the foreign key would fail the caller's
 * transaction.
 */
const WRITE = `
  WITH event AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::text[], $6::uuid[], $8::integer[], $9::text[], $10::text[])
      AS v (event_id, organization_id, event_type, alert_id, body, direct_endpoint_id, sequence, severity, rule_type)
  ), matched AS MATERIALIZED (
    SELECT v.organization_id, v.event_id, v.event_type, v.alert_id, v.sequence, v.body, e.id AS endpoint_id, e.is_enabled
    FROM event v JOIN webhook_endpoint e ON e.organization_id = v.organization_id AND (e.is_enabled OR e.disabled_reason IS NOT NULL)
      AND ${REJECTED_BECAUSE} IS NULL
    FOR KEY SHARE OF e
  ), stored AS (
    INSERT INTO webhook_event (organization_id, id, body, created_at) SELECT DISTINCT ON (organization_id, event_id) organization_id, event_id, body, $7 FROM matched
    ON CONFLICT DO NOTHING
  ), inserted AS (
    INSERT INTO webhook_delivery (id, organization_id, endpoint_id, event_id, event_type, alert_id, sequence, status, next_attempt_at, created_at,
      completed_at)
    SELECT vedette_uuidv7(), organization_id, endpoint_id, event_id, event_type, alert_id, sequence,
      CASE WHEN is_enabled THEN 'pending' ELSE 'missed' END, $7, $7, CASE WHEN is_enabled THEN NULL ELSE $7::timestamptz END
    FROM matched
    ON CONFLICT (event_id, endpoint_id) DO NOTHING
    RETURNING status
  )
  SELECT count(*)::integer AS count FROM inserted WHERE status = 'pending'`;

/** Writes deliveries in the caller's transaction. Other modules use `WebhookOutbox`, which also wakes the worker. */
@Injectable()
export class EventWriter {
  constructor(private readonly clock: Clock) {}

  /** @returns the number of deliveries to send. */
  async write(manager: EntityManager, events: readonly OutboxEvent[]): Promise<number> {
    if (events.length === 0) return 0;
    const column = <T>(value: (event: OutboxEvent) => T): T[] => events.map(value);
    const [row] = await queryRows<{ count: number }>(manager, WRITE, [
      column(({ eventId }) => eventId),
      column(({ organizationId }) => organizationId),
      column(({ type }) => type),
      column(({ alertId }) => alertId),
      column(({ type, occurredAt, data }) => eventBody(type, occurredAt, data)),
      column(({ directEndpointId }) => directEndpointId),
      this.clock.now(),
      column(({ sequence }) => sequence ?? null),
      column(({ severity }) => severity ?? null),
      column(({ ruleType }) => ruleType ?? null),
    ]);
    return row?.count ?? 0;
  }
}
