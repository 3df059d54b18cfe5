-- Writes one evaluation run for each organisation.
-- It runs at the end of each evaluation that is kept.
-- Sent by RunStore.save.
--
-- $1 text: why the evaluation ran
-- $2 uuid: the user who asked for it; null for a schedule or a change
-- $3 timestamp with time zone: when it began
-- $4 double precision: how long it took, in seconds
-- $5 uuid[]: the id of each run
-- $6 uuid[]: the organisation of each run
-- $7 integer[]: how many rules were evaluated
-- $8 integer[]: how many alerts opened
-- $9 jsonb[]: the outcome of each rule, as JSON
INSERT INTO
  evaluation_run (
    id,
    organization_id,
    trigger,
    requested_by,
    started_at,
    duration_seconds,
    rules_evaluated,
    alerts_fired,
    outcomes
  )
SELECT
  id,
  organization_id,
  $1,
  $2,
  $3,
  $4,
  rules_evaluated,
  alerts_fired,
  outcomes
FROM
  unnest($5::uuid[], $6::uuid[], $7::integer[], $8::integer[], $9::jsonb[]) AS r (id, organization_id, rules_evaluated, alerts_fired, outcomes);
