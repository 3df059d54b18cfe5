-- Locks the schedules that are due, those that are due longest first, and skips rows that another
-- replica has locked.
-- It runs at every evaluation tick, on every replica.
-- Sent by RuleClaims.due.
--
-- $1 timestamp with time zone: the instant of the evaluation
-- $2 bigint: how many schedules to take at most
SELECT
  organization_id AS "organizationId",
  nullif(interval_minutes, 0) AS "evaluationIntervalMinutes",
  next_evaluation_at AS "nextEvaluationAt"
FROM rule_schedule
WHERE next_evaluation_at <= $1
ORDER BY
  next_evaluation_at,
  organization_id,
  interval_minutes
LIMIT $2
FOR UPDATE SKIP LOCKED;
