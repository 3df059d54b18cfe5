-- Adds up rows of `alert_count` of the same kind into one row each.
-- It runs every five minutes, on one replica, until a batch is not full.
-- Sent by AlertCounts.fold.
--
-- $1 bigint: how many rows to fold at most
WITH
  kind AS MATERIALIZED (
    SELECT
      organization_id,
      status,
      severity,
      rule_type,
      rule_id
    FROM alert_count
    GROUP BY
      organization_id,
      status,
      severity,
      rule_type,
      rule_id
    HAVING count(*) > 1
    LIMIT $1
  ),
  present AS MATERIALIZED (
    SELECT id
    FROM organization
    WHERE
      id IN (
        SELECT organization_id
        FROM kind
      )
    FOR KEY SHARE SKIP LOCKED
  ),
  taken AS MATERIALIZED (
    SELECT c.id
    FROM
      alert_count c
      JOIN kind USING (organization_id, status, severity, rule_type, rule_id)
    WHERE
      organization_id IN (
        SELECT id
        FROM present
      )
    LIMIT $1
    FOR UPDATE OF c SKIP LOCKED
  ),
  gone AS (
    DELETE FROM alert_count c USING taken
    WHERE c.id = taken.id
    RETURNING c.*
  ),
  folded AS (
    INSERT INTO alert_count (id, organization_id, status, severity, rule_type, rule_id, count)
    SELECT
      vedette_uuidv7 (),
      organization_id,
      status,
      severity,
      rule_type,
      rule_id,
      sum(count)
    FROM gone
    GROUP BY
      organization_id,
      status,
      severity,
      rule_type,
      rule_id
    HAVING sum(count) <> 0
  )
SELECT count(*)::integer AS rows
FROM gone;
