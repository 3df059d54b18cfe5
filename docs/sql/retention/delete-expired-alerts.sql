-- Deletes a batch of alerts that have expired.
-- It runs once an hour, on one replica, until a batch is not full.
-- Sent by RetentionService.removeExpired.
--
-- $1 timestamp with time zone: the instant before which rows are deleted
-- $2 bigint: how many rows to delete at most
WITH
  expired AS MATERIALIZED (
    SELECT a.id
    FROM
      alert_instance a
      JOIN organization o ON o.id = a.organization_id
    WHERE
      a.status IN ('resolved', 'dismissed')
      AND coalesce(a.resolved_at, a.dismissed_at) < $1
    ORDER BY coalesce(a.resolved_at, a.dismissed_at)
    LIMIT $2
    FOR UPDATE OF a SKIP LOCKED
    FOR KEY SHARE OF o SKIP LOCKED
  )
DELETE FROM alert_instance t USING expired
WHERE t.id = expired.id;
