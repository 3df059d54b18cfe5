import type { TrailSource } from '../../notifications/index.js';
import { endpointFilter } from './endpoint-filter.js';

const RECORDED = `
  SELECT 'webhook', d.event_type,
    CASE d.status WHEN 'delivered' THEN 'told' WHEN 'failed' THEN 'failed' WHEN 'pending' THEN 'waiting' ELSE 'not_told' END,
    CASE d.status WHEN 'failed' THEN 'gave_up' WHEN 'missed' THEN 'endpoint_disabled' WHEN 'skipped' THEN 'nothing_to_say'
      WHEN 'pending' THEN CASE WHEN NOT e.is_enabled THEN 'endpoint_disabled' WHEN d.held_reason IS NOT NULL THEN 'endpoint_held'
        WHEN d.attempt_count > d.attempts_before THEN 'retrying' ELSE 'queued' END END,
    NULL::uuid, d.endpoint_id, e.name, coalesce(d.completed_at, d.created_at), CASE WHEN d.status = 'pending' THEN d.next_attempt_at END,
    d.attempt_count, d.last_status_code, d.last_error, NULL::timestamptz
  FROM webhook_delivery d JOIN webhook_endpoint e ON e.organization_id = d.organization_id AND e.id = d.endpoint_id
  WHERE d.organization_id = $1 AND d.alert_id = $2`;

/**
 * The outbox writes no delivery for an endpoint that does not want the event, so its reason is the one that applies
 * now. `not_recorded` is an endpoint that was changed after the alert, or whose delivery was removed for its age.
 */
const UNRECORDED = `
  SELECT 'webhook', 'alert.fired', 'not_told',
    CASE WHEN e.created_at > a.created_at THEN 'added_later'
      ELSE coalesce(${endpointFilter('e', { type: "'alert.fired'", severity: 'a.severity', ruleType: 'a.rule_type' })}, 'not_recorded') END,
    NULL::uuid, e.id, e.name, a.created_at, NULL::timestamptz, NULL::integer, NULL::integer, NULL, NULL::timestamptz
  FROM alert a JOIN webhook_endpoint e ON e.organization_id = $1
  WHERE NOT EXISTS (SELECT FROM recorded r WHERE r.endpoint_id = e.id AND r.event = 'alert.fired')`;

/** The webhook endpoints of the organisation. */
export const ENDPOINT_TRAIL: TrailSource = { recorded: RECORDED, unrecorded: UNRECORDED };
