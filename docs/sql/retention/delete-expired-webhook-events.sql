-- Deletes a batch of webhook events that have expired.
-- It runs once an hour, on one replica, until a batch is not full.
-- Sent by RetentionService.removeExpired.
--
-- $1 timestamp with time zone: the instant before which rows are deleted
-- $2 bigint: how many rows to delete at most
WITH
  expired AS MATERIALIZED (
    SELECT
      v.organization_id,
      v.id
    FROM webhook_event v
    WHERE
      v.created_at < $1
      AND NOT EXISTS (
        SELECT
        FROM webhook_delivery d
        WHERE
          d.event_id = v.id
          AND (
            d.status = 'pending'
            OR d.completed_at >= $1
          )
      )
    ORDER BY v.created_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
  )
DELETE FROM webhook_event t USING expired
WHERE
  t.organization_id = expired.organization_id
  AND t.id = expired.id;
