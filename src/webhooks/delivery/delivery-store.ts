import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CLOCK_SLACK_MS } from '../../common/clock-slack.js';
import { newId } from '../../common/ids.js';
import { arrayLiteral, countChanged, queryRows } from '../../database/index.js';
import { ClockCorrections } from '../../metrics/index.js';
import type { AttemptResult, ClaimedEndpoint, DeliveryLease } from '../attempts/delivery-lease.js';
import { PING_EVENT } from '../endpoints/webhook-events.js';
import { correctLateTimes } from './late-deliveries.js';

/** How long other deliveries of an endpoint wait for its probe. They are sent at once when the probe succeeds. */
const PROBE_WAIT_MS = 20_000;

export interface ClaimRequest {
  now: Date;
  limit: number;
  leaseMs: number;
  holdMs: number;
  /** Endpoints with enough waiting deliveries here. The claim skips their rows, except pings. */
  exceptEndpoints?: readonly string[];
}

export interface Claim {
  leases: DeliveryLease[];
  /** The number of due rows, including those on hold. */
  found: number;
  /** Endpoints whose due rows were postponed. */
  heldEndpoints: string[];
  /** The number of leases that belonged to another worker, which died or was too late. */
  takenOver: number;
}

/** Only the first row of each endpoint has `endpoint`, and only the first row of each event has `body`. */
interface ClaimedRow extends Omit<DeliveryLease, 'endpoint' | 'body' | 'bytes' | 'lockToken'> {
  endpoint: ClaimedEndpoint | null;
  body: string | null;
  isHeld: boolean;
  wasLeased: boolean;
}

/**
 * Claims due rows, oldest first, and postpones rows of endpoints that are disabled, paused or behind an open breaker.
 * Postponing does not count as an attempt. A ping is never postponed; a replay only by a pause.
 *
 * When a breaker may be tested, the replica that locks the health row sends one row as the probe. For ordered
 * endpoints, a row waits for earlier rows of the same alert.
 *
 * A lease that ends later than any lease taken now was set by a clock that was ahead, and counts as ended.
 *
 * The commit is asynchronous: if the database server crashes and loses a claim, its rows are due again.
 */
const CLAIM = `
  WITH unsynchronised AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true)
  ), due AS MATERIALIZED (
    SELECT d.id, d.organization_id, d.endpoint_id, d.event_id, d.next_attempt_at, d.locked_until IS NOT NULL AS was_leased, h.paused_until, h.open_until,
      coalesce(h.consecutive_failures > 0 OR h.breaker = 'open', false) AS was_failing,
      CASE WHEN d.event_type = $6 THEN NULL
        WHEN h.paused_until > $1 THEN 'paused'
        WHEN d.replay_id IS NOT NULL THEN NULL
        WHEN NOT e.is_enabled THEN 'disabled'
        WHEN h.breaker = 'open' AND (h.open_until > $1 OR h.probe_until > $1) THEN 'breaker'
        WHEN h.breaker = 'open' THEN 'probe' END AS hold
    FROM unsynchronised, webhook_delivery d JOIN webhook_endpoint e ON e.organization_id = d.organization_id AND e.id = d.endpoint_id
    LEFT JOIN webhook_endpoint_health h ON h.organization_id = d.organization_id AND h.endpoint_id = d.endpoint_id
    WHERE d.status = 'pending' AND d.next_attempt_at <= $1 AND (d.locked_until IS NULL OR d.locked_until < $1 OR d.locked_until > $9)
      AND (d.event_type = $6 OR d.endpoint_id <> ALL ($7::uuid[]))
      AND NOT (e.is_ordered AND d.sequence IS NOT NULL AND EXISTS (
        SELECT 1 FROM webhook_delivery p
        WHERE p.endpoint_id = d.endpoint_id AND p.alert_id = d.alert_id AND p.sequence < d.sequence AND p.status = 'pending'))
    ORDER BY d.next_attempt_at LIMIT $2
    FOR UPDATE OF d SKIP LOCKED
  ), probing AS MATERIALIZED (
    SELECT h.organization_id, h.endpoint_id FROM webhook_endpoint_health h
    WHERE (h.organization_id, h.endpoint_id) IN (SELECT organization_id, endpoint_id FROM due WHERE hold = 'probe')
      AND h.breaker = 'open' AND h.open_until <= $1 AND (h.probe_until IS NULL OR h.probe_until <= $1)
    FOR UPDATE SKIP LOCKED
  ), marked AS (
    UPDATE webhook_endpoint_health h SET probe_until = $4
    FROM probing p WHERE h.organization_id = p.organization_id AND h.endpoint_id = p.endpoint_id
  ), probe AS (
    SELECT DISTINCT ON (due.endpoint_id) due.id FROM due JOIN probing p ON p.endpoint_id = due.endpoint_id
    WHERE due.hold = 'probe' ORDER BY due.endpoint_id, due.next_attempt_at
  ), decided AS (
    SELECT due.*, probe.id IS NOT NULL AS is_probe, due.hold IS NOT NULL AND probe.id IS NULL AS is_held,
      row_number() OVER (PARTITION BY due.organization_id, due.endpoint_id) = 1 AS is_first_of_endpoint,
      row_number() OVER (PARTITION BY due.organization_id, due.event_id) = 1 AS is_first_of_event
    FROM due LEFT JOIN probe ON probe.id = due.id
  )
  UPDATE webhook_delivery d
  SET lock_token = CASE WHEN c.is_held THEN NULL ELSE $3::uuid END,
      locked_until = CASE WHEN c.is_held THEN NULL ELSE $4::timestamptz END,
      held_reason = CASE WHEN NOT c.is_held THEN NULL WHEN c.hold = 'probe' THEN 'breaker' ELSE c.hold END,
      next_attempt_at = CASE WHEN NOT c.is_held THEN d.next_attempt_at
        WHEN c.hold = 'paused' THEN c.paused_until
        WHEN c.hold = 'disabled' THEN $5::timestamptz
        WHEN c.open_until > $1 THEN c.open_until
        ELSE $8::timestamptz END
  FROM decided c
  WHERE d.organization_id = c.organization_id AND d.id = c.id
  RETURNING d.id, d.organization_id AS "organizationId", d.endpoint_id AS "endpointId", d.event_id AS "eventId", d.event_type AS "eventType",
    extract(epoch FROM d.created_at)::double precision * 1000 AS "createdAtMs", d.attempt_count + 1 AS attempt, d.attempts_before AS "attemptsBefore", d.replay_id IS NOT NULL AS "isReplay",
    c.is_probe AS "isProbe", c.was_failing AS "wasFailing", c.is_held AS "isHeld", c.was_leased AS "wasLeased",
    CASE WHEN c.is_first_of_endpoint THEN (
      SELECT json_build_object('format', e.format, 'url', e.url, 'secretCiphertext', e.secret_ciphertext,
        'previousSecretCiphertext', CASE WHEN e.previous_secret_until > $1 THEN e.previous_secret_ciphertext END,
        'headersCiphertext', e.headers_ciphertext, 'settingsCiphertext', e.settings_ciphertext)
      FROM webhook_endpoint e WHERE e.organization_id = d.organization_id AND e.id = d.endpoint_id
    ) END AS endpoint,
    CASE WHEN c.is_first_of_event THEN (
      SELECT v.body FROM webhook_event v WHERE v.organization_id = d.organization_id AND v.id = d.event_id
    ) END AS body`;

/**
 * Postpones all due rows of these endpoints by the rules of {@link CLAIM}. Skips rows that another replica has locked.
 */
const POSTPONE = `
  WITH unhealthy AS MATERIALIZED (
    SELECT e.organization_id, e.id AS endpoint_id,
      CASE WHEN h.paused_until > $1 THEN 'paused' WHEN NOT e.is_enabled THEN 'disabled' WHEN h.breaker = 'open' THEN 'breaker' END AS hold,
      CASE WHEN h.paused_until > $1 THEN h.paused_until
        WHEN NOT e.is_enabled THEN $2::timestamptz
        WHEN h.open_until > $1 THEN h.open_until
        ELSE $3::timestamptz END AS until
    FROM webhook_endpoint e LEFT JOIN webhook_endpoint_health h ON h.organization_id = e.organization_id AND h.endpoint_id = e.id
    WHERE e.id = ANY ($4::uuid[])
  ), due AS MATERIALIZED (
    SELECT d.organization_id, d.id, u.hold, u.until
    FROM webhook_delivery d JOIN unhealthy u ON u.organization_id = d.organization_id AND u.endpoint_id = d.endpoint_id AND u.hold IS NOT NULL
    WHERE d.status = 'pending' AND d.next_attempt_at <= $1 AND (d.locked_until IS NULL OR d.locked_until < $1)
      AND d.event_type <> $5 AND (d.replay_id IS NULL OR u.hold = 'paused')
    FOR UPDATE OF d SKIP LOCKED
  )
  UPDATE webhook_delivery d SET lock_token = NULL, locked_until = NULL, held_reason = due.hold, next_attempt_at = due.until
  FROM due WHERE d.organization_id = due.organization_id AND d.id = due.id`;

/** Releases rows that were postponed while the endpoint became healthy. */
const RELEASE_HEALTHY = `
  UPDATE webhook_delivery d SET next_attempt_at = $1, held_reason = NULL
  WHERE (d.organization_id, d.id) IN (
    SELECT d.organization_id, d.id FROM webhook_delivery d
    JOIN webhook_endpoint e ON e.organization_id = d.organization_id AND e.id = d.endpoint_id AND e.is_enabled
    LEFT JOIN webhook_endpoint_health h ON h.organization_id = d.organization_id AND h.endpoint_id = d.endpoint_id
    WHERE d.endpoint_id = ANY ($2::uuid[]) AND d.status = 'pending' AND d.held_reason IS NOT NULL
      AND coalesce(h.breaker, 'closed') = 'closed' AND coalesce(h.paused_until <= $1, true)
    ORDER BY d.id FOR UPDATE OF d SKIP LOCKED)`;

/**
 * Writes results in one round trip. A row only changes while it has the result's token, so that a worker with an
 * expired lease changes nothing. Its attempt is logged all the same, because the receiver got it. The share lock
 * prevents the deletion of an unchanged row while its attempt is written.
 */
const FINISH = `
  WITH result AS MATERIALIZED (
    SELECT attempt_id, organization_id, delivery_id, lock_token, attempt, to_timestamp(started_ms / 1000) AS started_at,
      to_timestamp(finished_ms / 1000) AS finished_at, duration_ms, status_code, error, response_body, status,
      to_timestamp(next_attempt_ms / 1000) AS next_attempt_at, request_url, request_body, nullif(request_headers, 'null') AS request_headers
    FROM ROWS FROM (
      unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::integer[], $6::double precision[], $7::double precision[], $8::double precision[],
        $9::integer[], $10::text[], $11::text[], $12::text[], $13::double precision[], $14::text[], $15::text[]),
      jsonb_array_elements($16::jsonb)
    ) AS r (attempt_id, organization_id, delivery_id, lock_token, attempt, started_ms, finished_ms, duration_ms, status_code, error, response_body, status,
        next_attempt_ms, request_url, request_body, request_headers)
  ), changed AS (
    UPDATE webhook_delivery d
    SET status = r.status, attempt_count = CASE WHEN r.status = 'skipped' THEN d.attempt_count ELSE r.attempt END,
        next_attempt_at = coalesce(r.next_attempt_at, d.next_attempt_at),
        lock_token = NULL, locked_until = NULL, last_status_code = r.status_code, last_error = r.error,
        completed_at = CASE WHEN r.status = 'pending' THEN NULL ELSE r.finished_at END
    FROM result r
    WHERE d.organization_id = r.organization_id AND d.id = r.delivery_id AND d.lock_token = r.lock_token AND d.status = 'pending'
    RETURNING d.id
  ), others AS (
    SELECT d.id FROM result r JOIN webhook_delivery d ON d.organization_id = r.organization_id AND d.id = r.delivery_id
    WHERE r.delivery_id NOT IN (SELECT id FROM changed) FOR KEY SHARE OF d
  ), logged AS (
    INSERT INTO webhook_attempt (id, organization_id, delivery_id, attempt, started_at, duration_ms, status_code, error, response_body,
      request_url, request_headers, request_body)
    SELECT attempt_id, organization_id, delivery_id, attempt, started_at, duration_ms, status_code, error, response_body,
      request_url, request_headers, request_body
    FROM result WHERE status <> 'skipped' AND delivery_id IN (SELECT id FROM changed UNION ALL SELECT id FROM others)
  )
  SELECT delivery_id AS id FROM result WHERE delivery_id NOT IN (SELECT id FROM changed)`;

/** The queue operations on `webhook_delivery`. Each is a short transaction; none is open during an exchange. */
@Injectable()
export class DeliveryStore {
  constructor(
    private readonly dataSource: DataSource,
    private readonly corrections: ClockCorrections,
  ) {}

  async claim({ now, limit, leaseMs, holdMs, exceptEndpoints = [] }: ClaimRequest): Promise<Claim> {
    const lockToken = newId();
    const rows = await queryRows<ClaimedRow>(this.dataSource, CLAIM, [
      now,
      limit,
      lockToken,
      new Date(now.getTime() + leaseMs),
      new Date(now.getTime() + holdMs),
      PING_EVENT,
      exceptEndpoints,
      new Date(now.getTime() + PROBE_WAIT_MS),
      new Date(now.getTime() + leaseMs + CLOCK_SLACK_MS),
    ]);
    return {
      leases: leasesOf(rows, lockToken),
      found: rows.length,
      heldEndpoints: [...new Set(rows.filter(({ isHeld }) => isHeld).map(({ endpointId }) => endpointId))],
      takenOver: rows.filter(({ isHeld, wasLeased }) => wasLeased && !isHeld).length,
    };
  }

  /** @returns the ids of deliveries that did not change, because another worker has the lease or they were deleted. */
  async finish(results: readonly AttemptResult[]): Promise<string[]> {
    const column = <T>(value: (result: AttemptResult) => T): T[] => results.map(value);
    const plain = (value: (result: AttemptResult) => string | number | null): string => arrayLiteral(column(value));
    const rows = await queryRows<{ id: string }>(this.dataSource, FINISH, [
      plain(() => newId()),
      plain(({ lease }) => lease.organizationId),
      plain(({ lease }) => lease.id),
      plain(({ lease }) => lease.lockToken),
      plain(({ lease }) => lease.attempt),
      plain(({ startedAt }) => startedAt.getTime()),
      plain(({ finishedAt }) => finishedAt.getTime()),
      plain(({ durationMs }) => durationMs),
      plain(({ statusCode }) => statusCode),
      column(({ error }) => error),
      column(({ responseBody }) => responseBody),
      plain(({ next }) => next.status),
      plain(({ next }) => (next.status === 'pending' ? next.nextAttemptAt.getTime() : null)),
      column(({ request }) => request?.url ?? null),
      column(({ request }) => request?.body ?? null),
      // One JSON text: in an array, PostgreSQL would have to unescape each quotation mark twice.
      JSON.stringify(column(({ request }) => request?.headers ?? null)),
    ]);
    return rows.map(({ id }) => id);
  }

  /**
   * Postpones all due rows of unhealthy endpoints at once. Otherwise thousands of such rows would fill claim after
   * claim.
   * @param holdMs how long to postpone for a disabled endpoint.
   */
  async postpone(endpointIds: readonly string[], now: Date, holdMs: number): Promise<void> {
    const [disabledUntil, probedUntil] = [holdMs, PROBE_WAIT_MS].map((ms) => new Date(now.getTime() + ms));
    await this.dataSource.query(POSTPONE, [now, disabledUntil, probedUntil, endpointIds, PING_EVENT]);
    await this.dataSource.query(RELEASE_HEALTHY, [now, endpointIds]);
  }

  /** Sends what waits for a time that a clock that was ahead stored: see {@link correctLateTimes}. */
  async correct(now: Date, leaseMs: number): Promise<void> {
    const { endpointIds, deliveries } = await correctLateTimes(this.dataSource, now, leaseMs);
    this.corrections.report('webhook_endpoint', endpointIds.length);
    this.corrections.report('webhook_delivery', deliveries);
    await this.release(endpointIds, now);
  }

  /** Ends unused leases, so that the next claim finds the rows at once. */
  async giveBack(leases: readonly DeliveryLease[]): Promise<number> {
    if (leases.length === 0) return 0;
    return countChanged(
      this.dataSource,
      `UPDATE webhook_delivery d SET lock_token = NULL, locked_until = NULL FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS l (organization_id, id, token)
       WHERE d.organization_id = l.organization_id AND d.id = l.id AND d.lock_token = l.token`,
      [
        leases.map(({ organizationId }) => organizationId),
        leases.map(({ id }) => id),
        leases.map(({ lockToken }) => lockToken),
      ],
    );
  }

  /** Makes the postponed rows of these endpoints due now. Skips rows that another replica has locked. */
  async release(endpointIds: readonly string[], now: Date): Promise<void> {
    if (endpointIds.length === 0) return;
    await this.dataSource.query(
      `UPDATE webhook_delivery d SET next_attempt_at = $2, held_reason = NULL
       WHERE (d.organization_id, d.id) IN (
         SELECT organization_id, id FROM webhook_delivery WHERE endpoint_id = ANY ($1::uuid[]) AND status = 'pending' AND held_reason IS NOT NULL
         ORDER BY id FOR UPDATE SKIP LOCKED)`,
      [endpointIds, now],
    );
  }

  /**
   * Resets the health of an endpoint that was enabled again, and releases its postponed rows. Missed ones stay missed.
   */
  async restart(organizationId: string, endpointId: string, now: Date): Promise<void> {
    await this.dataSource.query(
      `UPDATE webhook_endpoint_health
       SET samples = '[]', breaker = 'closed', openings = 0, open_until = NULL, probe_until = NULL, paused_until = NULL, consecutive_failures = 0,
         failing_since = NULL
       WHERE organization_id = $1 AND endpoint_id = $2`,
      [organizationId, endpointId],
    );
    await this.release([endpointId], now);
  }
}

/** Values that rows of one organisation share. Sharing them avoids thousands of equal strings in memory. */
interface Shared {
  organizationId: string;
  endpoints: Map<string, Pick<DeliveryLease, 'endpointId' | 'endpoint'>>;
  events: Map<string, Pick<DeliveryLease, 'eventId' | 'eventType' | 'body' | 'bytes'>>;
}

/** Adds the shared values to each row. */
function leasesOf(rows: readonly ClaimedRow[], lockToken: string): DeliveryLease[] {
  const organizations = new Map<string, Shared>();
  for (const { organizationId, endpointId, eventId, eventType, endpoint, body } of rows) {
    if (endpoint === null && body === null) continue;
    const shared = organizations.get(organizationId) ?? { organizationId, endpoints: new Map(), events: new Map() };
    organizations.set(organizationId, shared);
    if (endpoint !== null) shared.endpoints.set(endpointId, { endpointId, endpoint });
    if (body !== null) shared.events.set(eventId, { eventId, eventType, body, bytes: Buffer.from(body, 'utf8') });
  }
  return rows
    .filter(({ isHeld }) => !isHeld)
    .map((row) => {
      const { organizationId, endpoints, events } = organizations.get(row.organizationId)!;
      const { endpointId, endpoint } = endpoints.get(row.endpointId)!;
      const { eventId, eventType, body, bytes } = events.get(row.eventId)!;
      return {
        id: row.id,
        organizationId,
        endpointId,
        eventId,
        eventType,
        createdAtMs: row.createdAtMs,
        body,
        bytes,
        attempt: row.attempt,
        lockToken,
        endpoint,
        isProbe: row.isProbe,
        wasFailing: row.wasFailing,
        isReplay: row.isReplay,
        attemptsBefore: row.attemptsBefore,
      };
    });
}
