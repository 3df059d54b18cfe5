-- Reads the enabled rules of the claimed schedules.
-- It runs after a claim, in the same transaction.
-- Sent by RuleClaims.due.
--
-- $1 uuid[]: the organisation of each schedule
-- $2 integer[]: the interval of each schedule in minutes; 0 means the schedule of the deployment
-- $3 text[]: the rule types to read; null means all
SELECT
  r.id AS "ruleId",
  r.organization_id AS "organizationId",
  r.rule_type AS "ruleType",
  r.config::text AS config,
  r.scope::text AS scope,
  r.cooldown_hours AS "cooldownHours",
  r.on_repeat AS "onRepeat",
  r.evaluation_interval_minutes AS "evaluationIntervalMinutes",
  s.last_fired_at AS "lastFiredAt",
  s.last_error IS NOT NULL AS "isFailing",
  s.last_measured AS "lastMeasured",
  s.last_threshold AS "lastThreshold",
  s.last_occasion AS "lastOccasion"
FROM
  unnest($1::uuid[], $2::integer[]) AS claimed (organization_id, interval_minutes)
  JOIN alert_rule r ON r.organization_id = claimed.organization_id
  AND coalesce(r.evaluation_interval_minutes, 0) = claimed.interval_minutes
  JOIN rule_state s ON s.organization_id = r.organization_id
  AND s.rule_id = r.id
WHERE
  r.is_enabled
  AND (
    $3::text[] IS NULL
    OR r.rule_type = ANY ($3)
  )
ORDER BY
  r.organization_id,
  r.id;
