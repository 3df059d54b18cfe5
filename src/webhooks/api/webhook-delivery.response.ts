import { ApiProperty } from '@nestjs/swagger';
import type { Page } from '../../common/pagination/index.js';
import { toIso } from '../../common/wire.js';
import type { WebhookAttempt } from '../attempts/webhook-attempt.entity.js';
import { DELIVERY_STATUSES, type DeliveryStatus } from '../attempts/webhook-delivery-status.js';
import type { WebhookDelivery } from '../attempts/webhook-delivery.entity.js';
import type { DeliveryWithAttempts, DeliveryWithLastAttempt } from './webhook-deliveries.service.js';

/** A request as it was sent, without secrets. */
export class AttemptRequestResponse {
  /** The host, and the path if it is not a credential. */
  url: string;
  /** Values of custom headers, and keys, are replaced by `[redacted]`. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  headers: Record<string, string>;
  /** Null if it equals the `body` of the delivery. Keys are replaced by `[redacted]`. */
  body: string | null;
}

/** One attempt at a delivery. */
export class AttemptResponse {
  /** From 1. */
  @ApiProperty({ type: 'integer' })
  attempt: number;
  /** ISO 8601, UTC. */
  started_at: string;
  /** Milliseconds from the first byte sent to the last byte received. */
  duration_ms: number;
  /** Null if there was no answer. */
  @ApiProperty({ type: 'integer', nullable: true })
  status_code: number | null;
  /** Null if the attempt succeeded. */
  error: string | null;
  /** The request as it was sent, without secrets; null if it could not be prepared. */
  request: AttemptRequestResponse | null;
  /** The first 16 kB of the answer. */
  response_body: string | null;
}

/** One event for one endpoint. */
export class DeliveryResponse {
  /** The header `webhook-id` is `msg_` followed by this id. */
  id: string;
  webhook_id: string;
  event_id: string;
  event_type: string;
  /** The alert of the event; null if the event has none. */
  alert_id: string | null;
  @ApiProperty({ enum: DELIVERY_STATUSES })
  status: DeliveryStatus;
  /** The position of the event among the events of its alert, from 1. */
  @ApiProperty({ type: 'integer', nullable: true })
  sequence: number | null;
  /** Why it waits although it is due: `disabled`, `paused` or `breaker`. Waiting does not count as an attempt. */
  held_reason: string | null;
  /** The latest replay that includes it. */
  replay_id: string | null;
  /** The number of attempts so far. */
  @ApiProperty({ type: 'integer' })
  attempt_count: number;
  /** The time of the next attempt, ISO 8601, UTC; null when the delivery is complete. */
  next_attempt_at: string | null;
  @ApiProperty({ type: 'integer', nullable: true })
  last_status_code: number | null;
  last_error: string | null;
  /** ISO 8601, UTC. */
  created_at: string;
  /** ISO 8601, UTC; null while it is pending. */
  completed_at: string | null;
}

/** A delivery in a list. */
export class DeliveryItemResponse extends DeliveryResponse {
  /** The latest attempt; null before the first one. */
  last_attempt: AttemptResponse | null;
}

/** A delivery with its body and all attempts. */
export class DeliveryDetailResponse extends DeliveryResponse {
  /** The exact text that is signed and sent. */
  body: string;
  /** Oldest first. */
  attempts: AttemptResponse[];
}

/** A page of deliveries. */
export class DeliveryPageResponse {
  items: DeliveryItemResponse[];
  /** The total number. */
  @ApiProperty({ type: 'integer' })
  total: number;
  /** The `cursor` of the next page; null on the last page. */
  next_cursor: string | null;
}

export function toDeliveryDetailResponse({ delivery, body, attempts }: DeliveryWithAttempts): DeliveryDetailResponse {
  return { ...toDeliveryResponse(delivery), body, attempts: attempts.map(toAttemptResponse) };
}

export function toDeliveryPageResponse({
  items,
  total,
  nextCursor,
}: Page<DeliveryWithLastAttempt>): DeliveryPageResponse {
  return {
    items: items.map(({ delivery, lastAttempt }) => ({
      ...toDeliveryResponse(delivery),
      last_attempt: lastAttempt && toAttemptResponse(lastAttempt),
    })),
    total,
    next_cursor: nextCursor,
  };
}

function toDeliveryResponse(delivery: WebhookDelivery): DeliveryResponse {
  return {
    id: delivery.id,
    webhook_id: delivery.endpointId,
    event_id: delivery.eventId,
    event_type: delivery.eventType,
    alert_id: delivery.alertId,
    status: delivery.status,
    sequence: delivery.sequence,
    held_reason: delivery.heldReason,
    replay_id: delivery.replayId,
    attempt_count: delivery.attemptCount,
    next_attempt_at: delivery.status === 'pending' ? toIso(delivery.nextAttemptAt) : null,
    last_status_code: delivery.lastStatusCode,
    last_error: delivery.lastError,
    created_at: toIso(delivery.createdAt),
    completed_at: toIso(delivery.completedAt),
  };
}

function toAttemptResponse(attempt: WebhookAttempt): AttemptResponse {
  return {
    attempt: attempt.attempt,
    started_at: toIso(attempt.startedAt),
    duration_ms: attempt.durationMs,
    status_code: attempt.statusCode,
    error: attempt.error,
    request:
      attempt.requestUrl === null
        ? null
        : { url: attempt.requestUrl, headers: attempt.requestHeaders ?? {}, body: attempt.requestBody },
    response_body: attempt.responseBody,
  };
}
