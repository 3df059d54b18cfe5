-- Deletes a batch of posture versions that have expired.
-- It runs once an hour, on one replica, until a batch is not full.
-- Sent by RetentionService.removeExpired.
--
-- $1 timestamp with time zone: the instant before which rows are deleted
-- $2 bigint: how many rows to delete at most
WITH
  expired AS MATERIALIZED (
    SELECT
      organization_id,
      technique_id,
      valid_from,
      version
    FROM posture_history
    WHERE valid_to < $1
    ORDER BY valid_to
    LIMIT $2
    FOR UPDATE SKIP LOCKED
  )
DELETE FROM posture_history t USING expired
WHERE
  t.organization_id = expired.organization_id
  AND t.technique_id = expired.technique_id
  AND t.valid_from = expired.valid_from
  AND t.version = expired.version;
