-- Postpones all due deliveries of unhealthy endpoints at once.
-- It runs when a claim has found due deliveries of an endpoint that is unhealthy.
-- Sent by DeliveryStore.postpone.
--
-- $1 timestamp with time zone: the instant
-- $2 timestamp with time zone: until when deliveries of a disabled endpoint are postponed
-- $3 timestamp with time zone: until when deliveries wait for the probe of an endpoint
-- $4 uuid[]: the endpoints
-- $5 text: the type of a ping, which is never postponed
WITH
  unhealthy AS MATERIALIZED (
    SELECT
      e.organization_id,
      e.id AS endpoint_id,
      CASE
        WHEN h.paused_until > $1 THEN 'paused'
        WHEN NOT e.is_enabled THEN 'disabled'
        WHEN h.breaker = 'open' THEN 'breaker'
      END AS hold,
      CASE
        WHEN h.paused_until > $1 THEN h.paused_until
        WHEN NOT e.is_enabled THEN $2::timestamptz
        WHEN h.open_until > $1 THEN h.open_until
        ELSE $3::timestamptz
      END AS until
    FROM
      webhook_endpoint e
      LEFT JOIN webhook_endpoint_health h ON h.organization_id = e.organization_id
      AND h.endpoint_id = e.id
    WHERE e.id = ANY ($4::uuid[])
  ),
  due AS MATERIALIZED (
    SELECT
      d.organization_id,
      d.id,
      u.hold,
      u.until
    FROM
      webhook_delivery d
      JOIN unhealthy u ON u.organization_id = d.organization_id
      AND u.endpoint_id = d.endpoint_id
      AND u.hold IS NOT NULL
    WHERE
      d.status = 'pending'
      AND d.next_attempt_at <= $1
      AND (
        d.locked_until IS NULL
        OR d.locked_until < $1
      )
      AND d.event_type <> $5
      AND (
        d.replay_id IS NULL
        OR u.hold = 'paused'
      )
    FOR UPDATE OF d SKIP LOCKED
  )
UPDATE webhook_delivery d
SET
  lock_token = NULL,
  locked_until = NULL,
  held_reason = due.hold,
  next_attempt_at = due.until
FROM due
WHERE
  d.organization_id = due.organization_id
  AND d.id = due.id;
