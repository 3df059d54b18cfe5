-- Deletes a batch of e-mails that are older than they are kept for.
-- It runs once an hour, on one replica, until a batch is not full.
-- Sent by RetentionService.removeExpired.
--
-- $1 timestamp with time zone: the instant before which rows are deleted
-- $2 bigint: how many rows to delete at most
WITH
  doomed AS MATERIALIZED (
    SELECT id
    FROM email_delivery
    WHERE
      status <> 'pending'
      AND completed_at < $1
    ORDER BY completed_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
  )
DELETE FROM email_delivery t USING doomed
WHERE t.id = doomed.id;
