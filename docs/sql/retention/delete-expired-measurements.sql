-- Deletes a batch of measurements that have expired.
-- It runs once an hour, on one replica, until a batch is not full.
-- Sent by RetentionService.removeExpired.
--
-- $1 timestamp with time zone: the instant before which rows are deleted
-- $2 bigint: how many rows to delete at most
WITH
  expired AS MATERIALIZED (
    SELECT
      m.organization_id,
      m.rule_id,
      m.measured_at
    FROM
      rule_measurement m
      JOIN rule_state s ON s.organization_id = m.organization_id
      AND s.rule_id = m.rule_id
      AND s.last_measured_at > m.measured_at
    WHERE m.measured_at < $1
    ORDER BY m.measured_at
    LIMIT $2
    FOR UPDATE OF m SKIP LOCKED
  )
DELETE FROM rule_measurement t USING expired
WHERE
  t.organization_id = expired.organization_id
  AND t.rule_id = expired.rule_id
  AND t.measured_at = expired.measured_at;
