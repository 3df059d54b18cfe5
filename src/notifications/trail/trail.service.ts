import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ALERT_AUDIENCE } from '../../common/access/index.js';
import { SEVERITIES } from '../../common/alerting.js';
import { notFound } from '../../common/errors/index.js';
import { isUuid } from '../../common/ids.js';
import { queryRows } from '../../database/index.js';

export const TRAIL_CHANNELS = ['in_app', 'email', 'webhook'] as const;
export const TRAIL_OUTCOMES = ['told', 'waiting', 'not_told', 'failed'] as const;

/** One person or endpoint, and one channel, by which they were told of an alert or not. */
export interface TrailEntry {
  channel: (typeof TRAIL_CHANNELS)[number];
  event: string;
  outcome: (typeof TRAIL_OUTCOMES)[number];
  /** Why they were not told or not yet, in a word of a short list; null where they were. */
  reason: string | null;
  /** Null for an endpoint. */
  userId: string | null;
  /** Null for a person. */
  endpointId: string | null;
  /** The display name of the person, or the name of the endpoint. */
  name: string;
  /** When it came to this; of what waits, when it was written. */
  at: Date;
  /** When it is tried again; null where it is over. */
  nextAttemptAt: Date | null;
  attempts: number | null;
  statusCode: number | null;
  error: string | null;
  readAt: Date | null;
}

/** What was written of each person and endpoint, in columns of one shape. */
const RECORDED = `
  SELECT 'in_app' AS channel, n.event, 'told' AS outcome, NULL AS reason, n.user_id, NULL::uuid AS endpoint_id, n.created_at AS at,
    NULL::timestamptz AS next_attempt_at, NULL::integer AS attempts, NULL::integer AS status_code, NULL AS error, n.read_at
  FROM notification n WHERE n.organization_id = $1 AND n.alert_id = $2
  UNION ALL
  SELECT s.channel, s.event, 'not_told', s.reason, s.user_id, NULL, s.created_at, NULL, NULL, NULL, NULL, NULL
  FROM notification_skip s WHERE s.organization_id = $1 AND s.alert_id = $2
  UNION ALL
  SELECT 'email', n.event,
    CASE d.status WHEN 'sent' THEN 'told' WHEN 'failed' THEN 'failed' WHEN 'cancelled' THEN 'not_told' ELSE 'waiting' END,
    CASE WHEN d.id IS NULL THEN 'digest' WHEN d.status = 'cancelled' THEN d.last_error WHEN d.status = 'failed' THEN 'gave_up'
      WHEN d.status = 'pending' THEN coalesce(d.held_for, CASE WHEN d.attempt_count > 0 THEN 'retrying' ELSE 'queued' END) END,
    n.user_id, NULL, coalesce(d.completed_at, n.created_at),
    CASE WHEN d.id IS NULL THEN p.digest_due_at WHEN d.status = 'pending' THEN d.next_attempt_at END,
    coalesce(d.attempt_count, 0), d.last_status_code, CASE WHEN d.status IN ('pending', 'failed') THEN d.last_error END, NULL
  FROM email_notice n
  LEFT JOIN email_delivery d ON d.organization_id = n.organization_id AND d.id = n.delivery_id
  LEFT JOIN notification_preference p ON p.organization_id = n.organization_id AND p.user_id = n.user_id
  WHERE n.organization_id = $1 AND n.alert_id = $2
  UNION ALL
  SELECT 'webhook', d.event_type,
    CASE d.status WHEN 'delivered' THEN 'told' WHEN 'failed' THEN 'failed' WHEN 'pending' THEN 'waiting' ELSE 'not_told' END,
    CASE d.status WHEN 'failed' THEN 'gave_up' WHEN 'missed' THEN 'endpoint_disabled' WHEN 'skipped' THEN 'nothing_to_say'
      WHEN 'pending' THEN CASE WHEN NOT e.is_enabled THEN 'endpoint_disabled' WHEN d.held_reason IS NOT NULL THEN 'endpoint_held'
        WHEN d.attempt_count > d.attempts_before THEN 'retrying' ELSE 'queued' END END,
    NULL, d.endpoint_id, coalesce(d.completed_at, d.created_at), CASE WHEN d.status = 'pending' THEN d.next_attempt_at END, d.attempt_count,
    d.last_status_code, d.last_error, NULL
  FROM webhook_delivery d JOIN webhook_endpoint e ON e.organization_id = d.organization_id AND e.id = d.endpoint_id
  WHERE d.organization_id = $1 AND d.alert_id = $2`;

/**
 * Members of whom nothing was written were left out for what they are: that is told as it is now. One who is of the audience and was a member before the alert
 * has come to the audience since, or their notification was removed for its age. Endpoints likewise: what they subscribe to, and what they filter, is told
 * as it is now, and where that would have let the alert through, its delivery was removed for its age or the endpoint was changed since.
 */
const TRAIL = `
  WITH recorded AS MATERIALIZED (${RECORDED})
  SELECT r.channel, r.event, r.outcome, r.reason, r.user_id AS "userId", r.endpoint_id AS "endpointId", coalesce(u.display_name, e.name) AS name, r.at,
    r.next_attempt_at AS "nextAttemptAt", r.attempts, r.status_code AS "statusCode", r.error, r.read_at AS "readAt"
  FROM recorded r
  LEFT JOIN user_account u ON u.id = r.user_id
  LEFT JOIN webhook_endpoint e ON e.organization_id = $1 AND e.id = r.endpoint_id
  UNION ALL
  SELECT 'in_app', 'alert.fired', 'not_told',
    CASE WHEN m.created_at > a.created_at THEN 'joined_later' WHEN NOT m.is_active THEN 'inactive' WHEN m.role <> ALL ($3::text[]) THEN 'role'
      ELSE 'not_recorded' END,
    m.user_id, NULL, u.display_name, a.created_at, NULL, NULL, NULL, NULL, NULL
  FROM alert_instance a JOIN membership m ON m.organization_id = a.organization_id JOIN user_account u ON u.id = m.user_id
  WHERE a.organization_id = $1 AND a.id = $2 AND NOT EXISTS (SELECT FROM recorded r WHERE r.user_id = m.user_id AND r.channel = 'in_app')
  UNION ALL
  SELECT 'webhook', 'alert.fired', 'not_told',
    CASE WHEN e.created_at > a.created_at THEN 'added_later' WHEN NOT 'alert.fired' = ANY (e.events) THEN 'not_subscribed'
      WHEN array_position($4::text[], a.severity) > array_position($4::text[], e.min_severity) THEN 'min_severity'
      WHEN e.rule_types <> '{}' AND a.rule_type <> ALL (e.rule_types) THEN 'rule_type' WHEN NOT e.is_enabled THEN 'endpoint_disabled'
      ELSE 'not_recorded' END,
    NULL, e.id, e.name, a.created_at, NULL, NULL, NULL, NULL, NULL
  FROM alert_instance a JOIN webhook_endpoint e ON e.organization_id = a.organization_id
  WHERE a.organization_id = $1 AND a.id = $2 AND NOT EXISTS (SELECT FROM recorded r WHERE r.endpoint_id = e.id AND r.event = 'alert.fired')
  ORDER BY at, channel, name, "userId", "endpointId"`;

/** Who was told of an alert, or was not, and why. */
@Injectable()
export class TrailService {
  constructor(private readonly dataSource: DataSource) {}

  /** In the order of time. Another organisation's alert is as unknown as one that does not exist. */
  async of(organizationId: string, alertId: string): Promise<TrailEntry[]> {
    const known =
      isUuid(alertId) &&
      (await queryRows(this.dataSource, 'SELECT 1 FROM alert_instance WHERE organization_id = $1 AND id = $2', [
        organizationId,
        alertId,
      ]));
    if (!known || known.length === 0) throw notFound('alert', alertId);
    return queryRows<TrailEntry>(this.dataSource, TRAIL, [organizationId, alertId, ALERT_AUDIENCE, SEVERITIES]);
  }
}
