import { audienceFilter } from '../audience/audience-rules.js';
import type { TrailSource } from './trail-source.js';

const RECORDED = `
  SELECT r.channel, r.event, r.outcome, r.reason, r.user_id, NULL::uuid AS endpoint_id, u.display_name AS name, r.at, r.next_attempt_at, r.attempts,
    r.status_code, r.error, r.read_at
  FROM (
    SELECT 'in_app' AS channel, n.event, 'told' AS outcome, NULL AS reason, n.user_id, n.created_at AS at, NULL::timestamptz AS next_attempt_at,
      NULL::integer AS attempts, NULL::integer AS status_code, NULL AS error, n.read_at
    FROM notification n WHERE n.organization_id = $1 AND n.alert_id = $2
    UNION ALL
    SELECT s.channel, s.event, 'not_told', s.reason, s.user_id, s.created_at, NULL, NULL, NULL, NULL, NULL
    FROM notification_skip s WHERE s.organization_id = $1 AND s.alert_id = $2
    UNION ALL
    SELECT 'email', n.event,
      CASE d.status WHEN 'sent' THEN 'told' WHEN 'failed' THEN 'failed' WHEN 'cancelled' THEN 'not_told' ELSE 'waiting' END,
      CASE WHEN d.id IS NULL THEN 'digest' WHEN d.status = 'cancelled' THEN d.last_error WHEN d.status = 'failed' THEN 'gave_up'
        WHEN d.status = 'pending' THEN coalesce(d.held_for, CASE WHEN d.attempt_count > 0 THEN 'retrying' ELSE 'queued' END) END,
      n.user_id, coalesce(d.completed_at, n.created_at),
      CASE WHEN d.id IS NULL THEN p.digest_due_at WHEN d.status = 'pending' THEN d.next_attempt_at END,
      coalesce(d.attempt_count, 0), d.last_status_code, CASE WHEN d.status IN ('pending', 'failed') THEN d.last_error END, NULL
    FROM email_notice n
    LEFT JOIN email_delivery d ON d.organization_id = n.organization_id AND d.id = n.delivery_id
    LEFT JOIN notification_preference p ON p.organization_id = n.organization_id AND p.user_id = n.user_id
    WHERE n.organization_id = $1 AND n.alert_id = $2
  ) r
  JOIN user_account u ON u.id = r.user_id`;

/**
 * The notifier writes no row for members outside the audience, so their reason is the one that applies now.
 * `not_recorded` is a member who joined the audience after the alert, or whose notification was removed for its age.
 */
const UNRECORDED = `
  SELECT 'in_app', 'alert.fired', 'not_told',
    CASE WHEN m.created_at > a.created_at THEN 'joined_later' ELSE coalesce(${audienceFilter('m', 'a.severity')}, 'not_recorded') END,
    m.user_id, NULL::uuid, u.display_name, a.created_at, NULL::timestamptz, NULL::integer, NULL::integer, NULL, NULL::timestamptz
  FROM alert a JOIN membership m ON m.organization_id = $1 JOIN user_account u ON u.id = m.user_id
  WHERE NOT EXISTS (SELECT FROM recorded r WHERE r.user_id = m.user_id AND r.channel = 'in_app')`;

/** The members of the organisation, in the app and by e-mail. */
export const PEOPLE_TRAIL: TrailSource = { recorded: RECORDED, unrecorded: UNRECORDED };
