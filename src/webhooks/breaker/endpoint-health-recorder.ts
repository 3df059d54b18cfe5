import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { queryRows, Transactions } from '../../database/index.js';
import type { AttemptResult } from '../attempts/delivery-lease.js';
import { PING_EVENT } from '../endpoints/webhook-events.js';
import { WebhookEndpointHealth } from './endpoint-health.entity.js';
import {
  changeHealth,
  DELIVERIES_BEFORE_DISABLING,
  minuteOf,
  type HealthChange,
  type HealthSample,
} from './endpoint-health.js';
import { EndpointNotices, type DisabledReason } from './endpoint-notices.js';

/** The effect of attempts on the health of their endpoints. */
export interface RecordedHealth {
  /** Endpoints that must not get deliveries for now: paused, disabled, or with an open breaker. */
  unhealthy: ReadonlySet<string>;
  /** Endpoints whose breaker just closed. */
  released: string[];
}

/** An attempt, or several successes, as a sample of an endpoint's health. */
interface Observation {
  organizationId: string;
  endpointId: string;
  sample: HealthSample;
}

/** How long successes of healthy endpoints are buffered, in milliseconds. */
const BUFFER_MS = 1_000;

interface UpdatedHealth extends HealthChange {
  endpointId: string;
  organizationId: string;
}

/** Stores the health of endpoints for all replicas, and pauses or disables endpoints by it. */
@Injectable()
export class EndpointHealthRecorder implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Webhooks');
  /** Successes that are not written yet, one entry per endpoint and minute. */
  private readonly buffered = new Map<string, Observation>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly transactions: Transactions,
    private readonly notices: EndpointNotices,
    private readonly clock: Clock,
  ) {}

  /**
   * Records the results of attempts. Successes of healthy endpoints are buffered for a second and written together, so
   * that they cost almost nothing. A failure, or a success of a failing endpoint, is written at once with the buffer.
   * Pings and replays do not count for health, except that a ping answered with 410 disables the endpoint.
   */
  async record(results: readonly AttemptResult[]): Promise<RecordedHealth> {
    const counting = results.filter(countsForHealth);
    const mustWriteNow = results.some(({ error, lease }) => error !== null || lease.wasFailing);
    if (!mustWriteNow) {
      for (const result of counting) this.buffer(result);
      this.timer ??= setTimeout(() => void this.writeBuffered(), BUFFER_MS).unref();
      return { unhealthy: new Set(), released: [] };
    }
    const gone = results
      .filter(({ next, lease }) => next.status === 'failed' && next.disableEndpoint && !lease.isReplay)
      .map(({ lease }) => lease.endpointId);
    return this.write([...this.takeBuffered(), ...counting.map(toObservation)], gone);
  }

  /** Loses the buffer: up to a second of successes of healthy endpoints. */
  beforeApplicationShutdown(): void {
    clearTimeout(this.timer);
  }

  private buffer(result: AttemptResult): void {
    const { finishedAt, lease } = result;
    const key = `${lease.organizationId} ${lease.endpointId} ${minuteOf(finishedAt)}`;
    const sample = this.buffered.get(key)?.sample;
    if (!sample) {
      this.buffered.set(key, toObservation(result));
      return;
    }
    sample.count += 1;
    if (finishedAt > sample.at) sample.at = finishedAt;
  }

  private takeBuffered(): Observation[] {
    const buffered = [...this.buffered.values()];
    this.buffered.clear();
    return buffered;
  }

  private async writeBuffered(): Promise<void> {
    this.timer = undefined;
    try {
      await this.write(this.takeBuffered(), []);
    } catch (error) {
      this.logger.warn(`Vedette could not record successes of webhook endpoints: ${(error as Error).message}`);
    }
  }

  private async write(observations: readonly Observation[], gone: readonly string[]): Promise<RecordedHealth> {
    if (observations.length === 0 && gone.length === 0) return { unhealthy: new Set(), released: [] };
    const now = this.clock.now();
    return this.transactions.run(async (manager) => {
      const updated = await this.updateHealth(manager, observations, now);
      await writeHealth(manager, updated);
      await this.notices.notifyFailing(
        manager,
        updated.filter(({ mustNotify }) => mustNotify).map(({ endpointId }) => endpointId),
        now,
      );
      const disabled = await this.disable(manager, updated, gone, now);
      const isOnHold = ({ health }: UpdatedHealth): boolean =>
        health.breaker === 'open' || (health.pausedUntil !== null && health.pausedUntil > now);
      return {
        unhealthy: new Set([...updated.filter(isOnHold).map(({ endpointId }) => endpointId), ...disabled]),
        released: updated.filter(({ isReleased }) => isReleased).map(({ endpointId }) => endpointId),
      };
    });
  }

  /** Locks rows in the order of their ids, so that replicas cannot deadlock. */
  private async updateHealth(
    manager: EntityManager,
    observations: readonly Observation[],
    now: Date,
  ): Promise<UpdatedHealth[]> {
    const byEndpoint = grouped(observations, ({ endpointId }) => endpointId);
    if (byEndpoint.size === 0) return [];
    const rows = await lockRows(
      manager,
      [...byEndpoint.values()].map(([first]) => first!),
    );
    return rows.map(({ endpointId, organizationId, ...health }) => {
      const samples = (byEndpoint.get(endpointId) ?? [])
        .map(({ sample }) => sample)
        .toSorted((a, b) => a.at.getTime() - b.at.getTime());
      return { endpointId, organizationId, ...changeHealth(health, samples, now) };
    });
  }

  private async disable(
    manager: EntityManager,
    updated: readonly UpdatedHealth[],
    gone: readonly string[],
    now: Date,
  ): Promise<string[]> {
    const reasons = new Map<string, DisabledReason>();
    for (const endpointId of await failingTooLong(manager, updated)) reasons.set(endpointId, 'failing');
    for (const endpointId of gone) reasons.set(endpointId, 'gone');
    const disabled = await this.notices.disable(
      manager,
      [...reasons].map(([endpointId, reason]) => ({ endpointId, reason })),
      now,
    );
    if (disabled.length > 0) {
      await manager.query(
        `INSERT INTO webhook_endpoint_health (organization_id, endpoint_id, recover_since)
         SELECT organization_id, id, $2 FROM webhook_endpoint WHERE id = ANY ($1::uuid[])
         ON CONFLICT (organization_id, endpoint_id) DO UPDATE SET recover_since = coalesce(webhook_endpoint_health.failing_since, $2)`,
        [disabled, now],
      );
    }
    return disabled;
  }
}

function countsForHealth({ lease, next }: AttemptResult): boolean {
  return lease.eventType !== PING_EVENT && !lease.isReplay && next.status !== 'skipped';
}

function toObservation({ finishedAt, error, lease, pauseUntil }: AttemptResult): Observation {
  const { organizationId, endpointId, isProbe } = lease;
  return { organizationId, endpointId, sample: { at: finishedAt, count: 1, error, isProbe, pauseUntil } };
}

async function lockRows(
  manager: EntityManager,
  endpoints: readonly { organizationId: string; endpointId: string }[],
): Promise<WebhookEndpointHealth[]> {
  const endpointIds = endpoints.map(({ endpointId }) => endpointId).toSorted();
  const lock = (): Promise<WebhookEndpointHealth[]> =>
    manager.find(WebhookEndpointHealth, {
      where: {
        organizationId: In([...new Set(endpoints.map(({ organizationId }) => organizationId))]),
        endpointId: In(endpointIds),
      },
      order: { endpointId: 'ASC' },
      lock: { mode: 'pessimistic_write' },
    });
  const known = await lock();
  if (known.length === endpointIds.length) return known;
  // The share lock waits for a concurrent deletion of an endpoint, which is then skipped.
  await manager.query(
    `INSERT INTO webhook_endpoint_health (organization_id, endpoint_id)
     SELECT organization_id, id FROM webhook_endpoint WHERE id = ANY ($1::uuid[]) ORDER BY id FOR KEY SHARE
     ON CONFLICT DO NOTHING`,
    [endpointIds],
  );
  return lock();
}

async function writeHealth(manager: EntityManager, updated: readonly UpdatedHealth[]): Promise<void> {
  if (updated.length === 0) return;
  await manager.query(
    `UPDATE webhook_endpoint_health h
     SET samples = r.samples, breaker = r.breaker, openings = r.openings, open_until = r.open_until, probe_until = r.probe_until,
       paused_until = r.paused_until, consecutive_failures = r.consecutive_failures, failing_since = r.failing_since,
       last_success_at = r.last_success_at, last_failure_at = r.last_failure_at, last_error = r.last_error
     FROM jsonb_populate_recordset(NULL::webhook_endpoint_health, $1::jsonb) r
     WHERE h.organization_id = r.organization_id AND h.endpoint_id = r.endpoint_id`,
    [JSON.stringify(updated.map(toRow))],
  );
}

function toRow({ organizationId, endpointId, health }: UpdatedHealth): Record<string, unknown> {
  return {
    organization_id: organizationId,
    endpoint_id: endpointId,
    samples: health.samples,
    breaker: health.breaker,
    openings: health.openings,
    open_until: health.openUntil,
    probe_until: health.probeUntil,
    paused_until: health.pausedUntil,
    consecutive_failures: health.consecutiveFailures,
    failing_since: health.failingSince,
    last_success_at: health.lastSuccessAt,
    last_failure_at: health.lastFailureAt,
    last_error: health.lastError,
  };
}

/** Endpoints that only failed for the required time, and with enough failed deliveries in that time. */
async function failingTooLong(manager: EntityManager, updated: readonly UpdatedHealth[]): Promise<string[]> {
  const candidates = updated.filter(({ mayDisable, health }) => mayDisable && health.failingSince !== null);
  if (candidates.length === 0) return [];
  const rows = await queryRows<{ endpointId: string }>(
    manager,
    `SELECT c.endpoint_id AS "endpointId" FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) AS c (organization_id, endpoint_id, failing_since)
     CROSS JOIN LATERAL (
       SELECT count(*) AS failed FROM (
         SELECT FROM webhook_delivery d
         WHERE d.organization_id = c.organization_id AND d.endpoint_id = c.endpoint_id AND d.status IN ('pending', 'failed')
           AND d.attempt_count > d.attempts_before AND d.event_type <> $4 AND (d.completed_at IS NULL OR d.completed_at >= c.failing_since)
         LIMIT $5) since_then
     ) f
     WHERE f.failed >= $5`,
    [
      candidates.map(({ organizationId }) => organizationId),
      candidates.map(({ endpointId }) => endpointId),
      candidates.map(({ health }) => health.failingSince),
      PING_EVENT,
      DELIVERIES_BEFORE_DISABLING,
    ],
  );
  return rows.map(({ endpointId }) => endpointId);
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
