-- Locks all schedules of some organisations, and waits for other replicas that have locked them.
-- It runs after `take-posture-changes`, and when a user asks for an evaluation.
-- Sent by RuleClaims.ofOrganization.
--
-- $1 uuid[]: the organisations
SELECT
  organization_id AS "organizationId",
  nullif(interval_minutes, 0) AS "evaluationIntervalMinutes",
  next_evaluation_at AS "nextEvaluationAt"
FROM rule_schedule
WHERE organization_id = ANY ($1::uuid[])
ORDER BY
  organization_id,
  interval_minutes
FOR UPDATE;
