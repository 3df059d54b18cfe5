-- Writes the new states and measurements of the rules that changed, and returns the rules that have
-- now failed too often.
-- It runs at the end of each evaluation in which the state of a rule changed.
-- Sent by RunStore.saveStates.
--
-- $1 timestamp with time zone: the instant of the evaluation
-- $2 boolean: whether this is a tick, which stores its instant in the schedules instead
-- $3 uuid[]: the organisation of each rule
-- $4 uuid[]: the id of each rule
-- $5 boolean[]: whether the rule fired
-- $6 boolean[]: whether the rule is in its cooldown
-- $7 text[]: the error of the rule; null if it was measured
-- $8 boolean[]: whether the rule measured something new
-- $9 double precision[]: the measured value
-- $10 double precision[]: the threshold
-- $11 boolean[]: whether the value breaches the threshold
-- $12 text[]: the occasion of the alert, such as an ATT&CK release
WITH
  changed AS (
    UPDATE rule_state s
    SET
      last_evaluated_at = CASE
        WHEN $2
        AND (s.last_evaluated_at > $1) IS NOT TRUE THEN s.last_evaluated_at
        ELSE $1
      END,
      last_fired_at = CASE
        WHEN d.has_fired
        OR s.last_fired_at > $1 THEN $1
        ELSE s.last_fired_at
      END,
      last_error = CASE
        WHEN d.was_skipped THEN s.last_error
        ELSE d.error
      END,
      consecutive_errors = CASE
        WHEN d.was_skipped THEN s.consecutive_errors
        WHEN d.error IS NULL THEN 0
        ELSE s.consecutive_errors + 1
      END,
      last_measured = CASE
        WHEN d.is_new THEN d.measured
        ELSE s.last_measured
      END,
      last_threshold = CASE
        WHEN d.is_new THEN d.threshold
        ELSE s.last_threshold
      END,
      last_measured_at = CASE
        WHEN d.is_new THEN $1
        ELSE s.last_measured_at
      END,
      last_occasion = CASE
        WHEN d.has_fired THEN coalesce(d.occasion, s.last_occasion)
        ELSE s.last_occasion
      END
    FROM
      unnest(
        $3::uuid[],
        $4::uuid[],
        $5::boolean[],
        $6::boolean[],
        $7::text[],
        $8::boolean[],
        $9::float8[],
        $10::float8[],
        $11::boolean[],
        $12::text[]
      ) AS d (
        organization_id,
        rule_id,
        has_fired,
        was_skipped,
        error,
        is_new,
        measured,
        threshold,
        breached,
        occasion
      )
    WHERE
      s.organization_id = d.organization_id
      AND s.rule_id = d.rule_id
    RETURNING
      s.organization_id,
      s.rule_id,
      d.error IS NOT NULL AS has_failed,
      s.consecutive_errors,
      d.is_new,
      d.measured,
      d.threshold,
      d.breached
  ),
  kept AS (
    INSERT INTO rule_measurement AS m (organization_id, rule_id, measured_at, measured, threshold, breached)
    SELECT
      organization_id,
      rule_id,
      $1,
      measured,
      threshold,
      breached
    FROM changed
    WHERE is_new
    ON CONFLICT (organization_id, rule_id, measured_at) DO UPDATE
    SET
      measured = excluded.measured,
      threshold = excluded.threshold,
      breached = excluded.breached
  )
SELECT rule_id
FROM changed
WHERE
  has_failed
  AND consecutive_errors = 3;
