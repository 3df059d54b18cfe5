import type { DataSource } from 'typeorm';
import { CLOCK_SLACK_MS } from '../../common/clock-slack.js';
import { countChanged, queryRows } from '../../database/index.js';
import { LONGEST_DELAY_MS } from '../attempts/retry-policy.js';
import { MAX_OPEN_MS } from '../breaker/endpoint-health.js';

/**
 * Ends pauses, open breakers and probes that last longer than any can. A probe is due at once then.
 * $1 now; $2, $3 and $4 the latest possible end of a pause, of an open breaker and of a probe.
 */
const END_LATE_HOLDS = `
  UPDATE webhook_endpoint_health SET
    paused_until = CASE WHEN paused_until > $2 THEN $1 ELSE paused_until END,
    open_until = CASE WHEN open_until > $3 THEN $1 ELSE open_until END,
    probe_until = CASE WHEN probe_until > $4 THEN $1 ELSE probe_until END
  WHERE (organization_id, endpoint_id) IN (
    SELECT organization_id, endpoint_id FROM webhook_endpoint_health
    WHERE paused_until > $2 OR open_until > $3 OR probe_until > $4
    ORDER BY endpoint_id FOR UPDATE SKIP LOCKED)
  RETURNING endpoint_id AS "endpointId"`;

const MAKE_LATE_DUE = `
  UPDATE webhook_delivery SET next_attempt_at = $1, held_reason = NULL WHERE (organization_id, id) IN (
    SELECT organization_id, id FROM webhook_delivery WHERE status = 'pending' AND next_attempt_at > $2
    ORDER BY id FOR UPDATE SKIP LOCKED)`;

/**
 * Corrects times that a clock that was ahead stored: later than any pause, breaker or retry can last.
 * @returns the endpoints that waited for such a time, and the number of such deliveries.
 */
export async function correctLateTimes(
  dataSource: DataSource,
  now: Date,
  leaseMs: number,
): Promise<{ endpointIds: string[]; deliveries: number }> {
  const latest = (ms: number): Date => new Date(now.getTime() + ms + CLOCK_SLACK_MS);
  const endpoints = await queryRows<{ endpointId: string }>(dataSource, END_LATE_HOLDS, [
    now,
    latest(LONGEST_DELAY_MS),
    latest(MAX_OPEN_MS),
    latest(leaseMs),
  ]);
  const deliveries = await countChanged(dataSource, MAKE_LATE_DUE, [now, latest(LONGEST_DELAY_MS)]);
  return { endpointIds: endpoints.map(({ endpointId }) => endpointId), deliveries };
}
