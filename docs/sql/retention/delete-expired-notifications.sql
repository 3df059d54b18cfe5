-- Deletes a batch of notifications that have expired.
-- It runs once an hour, on one replica, until a batch is not full.
-- Sent by RetentionService.removeExpired.
--
-- $1 timestamp with time zone: the instant before which rows are deleted
-- $2 bigint: how many rows to delete at most
WITH
  expired AS MATERIALIZED (
    SELECT id
    FROM notification
    WHERE read_at < $1
    ORDER BY read_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
  )
DELETE FROM notification t USING expired
WHERE t.id = expired.id;
