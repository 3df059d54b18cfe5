-- Sets when the schedules are due next, and removes schedules without enabled rules.
-- It runs at the end of each tick.
-- Sent by RuleClaims.moveOn.
--
-- $1 timestamp with time zone: the instant of the evaluation
-- $2 uuid[]: the organisation of each schedule
-- $3 integer[]: the interval of each schedule in minutes; 0 means the schedule of the deployment
-- $4 timestamp with time zone[]: when each schedule is due next
-- $5 boolean[]: whether each schedule has rules
WITH
  claimed AS MATERIALIZED (
    SELECT *
    FROM
      unnest($2::uuid[], $3::integer[], $4::timestamptz[], $5::boolean[]) AS c (organization_id, interval_minutes, next_evaluation_at, has_rules)
  ),
  removed AS (
    DELETE FROM rule_schedule g USING claimed c
    WHERE
      NOT c.has_rules
      AND g.organization_id = c.organization_id
      AND g.interval_minutes = c.interval_minutes
  )
UPDATE rule_schedule g
SET
  next_evaluation_at = c.next_evaluation_at,
  last_evaluated_at = $1
FROM claimed c
WHERE
  c.has_rules
  AND g.organization_id = c.organization_id
  AND g.interval_minutes = c.interval_minutes;
