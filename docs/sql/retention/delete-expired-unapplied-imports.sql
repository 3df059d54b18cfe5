-- Deletes a batch of unapplied imports that have expired.
-- It runs once an hour, on one replica, until a batch is not full.
-- Sent by RetentionService.removeExpired.
--
-- $1 timestamp with time zone: the instant before which rows are deleted
-- $2 bigint: how many rows to delete at most
WITH
  expired AS MATERIALIZED (
    SELECT id
    FROM posture_import
    WHERE
      status IN ('parsing', 'previewed', 'failed')
      AND settled_at < $1::timestamptz - interval '7 days'
    ORDER BY settled_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
  )
DELETE FROM posture_import t USING expired
WHERE t.id = expired.id;
