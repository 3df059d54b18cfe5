import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { newId } from '../../common/ids.js';
import { countChanged, queryRows } from '../../database/index.js';
import { PING_EVENT } from '../webhook-events.js';
import type { AttemptResult, DeliveryLease } from './delivery-lease.js';

export interface ClaimRequest {
  now: Date;
  limit: number;
  leaseMs: number;
  holdMs: number;
  /** Endpoints that have enough waiting here already: their rows are left to others, or for later. A ping is taken all the same. */
  exceptEndpoints?: readonly string[];
}

export interface Claim {
  leases: DeliveryLease[];
  /** How many due rows the claim came upon, those of disabled endpoints included. */
  found: number;
  /** How many of the leases were another worker's before, which did not finish in time or died. */
  takenOver: number;
}

interface ClaimedRow extends DeliveryLease {
  isHeld: boolean;
  wasLeased: boolean;
}

/**
 * Takes due rows, oldest due first. The rows of a disabled endpoint use up no attempt: they are put off, so that they neither come due again and again nor get
 * lost; a ping goes to a disabled endpoint too.
 */
const CLAIM = `
  WITH due AS MATERIALIZED (
    SELECT d.id, d.event_type <> $6 AND NOT e.is_enabled AS is_held, d.locked_until IS NOT NULL AS was_leased
    FROM webhook_delivery d JOIN webhook_endpoint e ON e.organization_id = d.organization_id AND e.id = d.endpoint_id
    WHERE d.status = 'pending' AND d.next_attempt_at <= $1 AND (d.locked_until IS NULL OR d.locked_until < $1)
      AND (d.event_type = $6 OR d.endpoint_id <> ALL ($7::uuid[]))
    ORDER BY d.next_attempt_at LIMIT $2
    FOR UPDATE OF d SKIP LOCKED
  )
  UPDATE webhook_delivery d
  SET lock_token = CASE WHEN due.is_held THEN NULL ELSE $3::uuid END,
      locked_until = CASE WHEN due.is_held THEN NULL ELSE $4::timestamptz END,
      next_attempt_at = CASE WHEN due.is_held THEN $5::timestamptz ELSE d.next_attempt_at END
  FROM due, webhook_endpoint e
  WHERE d.id = due.id AND e.organization_id = d.organization_id AND e.id = d.endpoint_id
  RETURNING d.id, d.organization_id AS "organizationId", d.endpoint_id AS "endpointId", d.event_id AS "eventId", d.event_type AS "eventType",
    d.created_at AS "createdAt", d.body,
    d.attempt_count + 1 AS attempt, d.lock_token AS "lockToken", e.url, e.format, e.secret_ciphertext AS "secretCiphertext", due.is_held AS "isHeld",
    due.was_leased AS "wasLeased"`;

/**
 * Writes results in one round trip. A delivery changes only while its row carries the result's token, so that a worker whose lease ran out changes nothing;
 * its attempt is logged all the same, because the receiver has seen it. The share lock keeps a row from being deleted under the attempt that refers to it; it
 * passes over rows that this very statement changed, which is why those are added.
 */
const FINISH = `
  WITH result AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::integer[], $6::timestamptz[], $7::timestamptz[], $8::double precision[],
        $9::integer[], $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::boolean[])
      AS r (attempt_id, organization_id, delivery_id, lock_token, attempt, started_at, finished_at, duration_ms,
        status_code, error, response_body, status, next_attempt_at, disable_endpoint)
  ), changed AS (
    UPDATE webhook_delivery d
    SET status = r.status, attempt_count = r.attempt, next_attempt_at = coalesce(r.next_attempt_at, d.next_attempt_at),
        lock_token = NULL, locked_until = NULL, last_status_code = r.status_code, last_error = r.error,
        completed_at = CASE WHEN r.status = 'pending' THEN NULL ELSE r.finished_at END
    FROM result r
    WHERE d.id = r.delivery_id AND d.lock_token = r.lock_token AND d.status = 'pending'
    RETURNING d.id, d.organization_id, d.endpoint_id, r.disable_endpoint, r.finished_at
  ), present AS (
    SELECT d.id FROM webhook_delivery d WHERE d.id = ANY ($3::uuid[]) FOR KEY SHARE
  ), logged AS (
    INSERT INTO webhook_attempt (id, organization_id, delivery_id, attempt, started_at, duration_ms, status_code, error, response_body)
    SELECT attempt_id, organization_id, delivery_id, attempt, started_at, duration_ms, status_code, error, response_body
    FROM result WHERE delivery_id IN (SELECT id FROM present UNION SELECT id FROM changed)
  ), disabled AS (
    UPDATE webhook_endpoint e SET is_enabled = false, updated_at = c.finished_at
    FROM changed c WHERE c.disable_endpoint AND e.organization_id = c.organization_id AND e.id = c.endpoint_id
  )
  SELECT id FROM changed`;

/** The queue side of `webhook_delivery`: every statement is a short transaction of its own, and none is open while something is sent. */
@Injectable()
export class DeliveryStore {
  constructor(private readonly dataSource: DataSource) {}

  async claim({ now, limit, leaseMs, holdMs, exceptEndpoints = [] }: ClaimRequest): Promise<Claim> {
    const rows = await queryRows<ClaimedRow>(this.dataSource, CLAIM, [
      now,
      limit,
      newId(),
      new Date(now.getTime() + leaseMs),
      new Date(now.getTime() + holdMs),
      PING_EVENT,
      exceptEndpoints,
    ]);
    const claimed = rows.filter(({ isHeld }) => !isHeld);
    return {
      leases: claimed.map(({ isHeld: _, wasLeased: __, ...lease }) => lease),
      found: rows.length,
      takenOver: claimed.filter(({ wasLeased }) => wasLeased).length,
    };
  }

  /** @returns the ids of the deliveries that changed; those whose lease had passed to another worker are missing. */
  async finish(results: readonly AttemptResult[]): Promise<string[]> {
    const column = <T>(value: (result: AttemptResult) => T): T[] => results.map(value);
    const rows = await queryRows<{ id: string }>(this.dataSource, FINISH, [
      column(() => newId()),
      column(({ lease }) => lease.organizationId),
      column(({ lease }) => lease.id),
      column(({ lease }) => lease.lockToken),
      column(({ lease }) => lease.attempt),
      column(({ startedAt }) => startedAt),
      column(({ finishedAt }) => finishedAt),
      column(({ durationMs }) => durationMs),
      column(({ statusCode }) => statusCode),
      column(({ error }) => error),
      column(({ responseBody }) => responseBody),
      column(({ next }) => next.status),
      column(({ next }) => (next.status === 'pending' ? next.nextAttemptAt : null)),
      column(({ next }) => next.status === 'failed' && next.disableEndpoint),
    ]);
    return rows.map(({ id }) => id);
  }

  /** Ends leases that were not used, so that the next claim finds the rows at once. */
  async giveBack(leases: readonly DeliveryLease[]): Promise<number> {
    if (leases.length === 0) return 0;
    return countChanged(
      this.dataSource,
      `UPDATE webhook_delivery SET lock_token = NULL, locked_until = NULL WHERE id = ANY ($1::uuid[]) AND lock_token = ANY ($2::uuid[])`,
      [leases.map(({ id }) => id), [...new Set(leases.map(({ lockToken }) => lockToken))]],
    );
  }
}
