-- Takes the marks of organisations whose posture changed, and skips rows that another replica has
-- locked.
-- It runs after posture, a snapshot or the catalogue changed, once the changes have been quiet for
-- the debounce.
-- Sent by RuleClaims.changed.
--
-- $1 timestamp with time zone: the instant of the evaluation
-- $2 bigint: how many organisations to take at most
DELETE FROM posture_change
WHERE
  organization_id IN (
    SELECT organization_id
    FROM posture_change
    WHERE due_at <= $1
    ORDER BY due_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
  )
RETURNING
  organization_id AS "organizationId",
  kinds;
