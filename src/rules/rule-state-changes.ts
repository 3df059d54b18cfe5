/** The changes that an evaluation makes to the state of one rule. */
export interface RuleStateChange {
  organizationId: string;
  ruleId: string;
  hasFired: boolean;
  /** True for a rule in its cooldown: it was not measured, and keeps its error. */
  wasSkipped: boolean;
  /** Null if the rule did not fail. */
  error: string | null;
  /** Whether the measured value or the threshold differs from the last measurement. */
  isNew: boolean;
  measured: number | null;
  threshold: number | null;
  breached: boolean | null;
  /** The occasion of the breach, for a rule that fires once for each occasion. */
  occasion: string | null;
}

/**
 * Writes the states of all rules after an evaluation. Times later than it come from a clock that was ahead, and become
 * its own. It is for a WITH clause, whose statement uses the returned rows.
 * {@link ruleStateParameters} makes its parameters $1 to $12.
 */
export const CHANGE_RULE_STATES = `
  UPDATE rule_state s SET
    last_evaluated_at = CASE WHEN $2 AND (s.last_evaluated_at > $1) IS NOT TRUE THEN s.last_evaluated_at ELSE $1 END,
    last_fired_at = CASE WHEN d.has_fired OR s.last_fired_at > $1 THEN $1 ELSE s.last_fired_at END,
    last_error = CASE WHEN d.was_skipped THEN s.last_error ELSE d.error END,
    consecutive_errors = CASE WHEN d.was_skipped THEN s.consecutive_errors WHEN d.error IS NULL THEN 0 ELSE s.consecutive_errors + 1 END,
    last_measured = CASE WHEN d.is_new THEN d.measured ELSE s.last_measured END,
    last_threshold = CASE WHEN d.is_new THEN d.threshold ELSE s.last_threshold END,
    last_measured_at = CASE WHEN d.is_new THEN $1 ELSE s.last_measured_at END,
    last_occasion = CASE WHEN d.has_fired THEN coalesce(d.occasion, s.last_occasion) ELSE s.last_occasion END
  FROM unnest($3::uuid[], $4::uuid[], $5::boolean[], $6::boolean[], $7::text[], $8::boolean[], $9::float8[], $10::float8[], $11::boolean[], $12::text[])
    AS d (organization_id, rule_id, has_fired, was_skipped, error, is_new, measured, threshold, breached, occasion)
  WHERE s.organization_id = d.organization_id AND s.rule_id = d.rule_id
  RETURNING s.organization_id, s.rule_id, d.error IS NOT NULL AS has_failed, s.consecutive_errors, d.is_new, d.measured, d.threshold, d.breached`;

/** @param isTick whether this is a tick, which stores its instant in the schedules instead. */
export function ruleStateParameters(changes: readonly RuleStateChange[], at: Date, isTick: boolean): unknown[] {
  return [
    at,
    isTick,
    changes.map(({ organizationId }) => organizationId),
    changes.map(({ ruleId }) => ruleId),
    changes.map(({ hasFired }) => hasFired),
    changes.map(({ wasSkipped }) => wasSkipped),
    changes.map(({ error }) => error),
    changes.map(({ isNew }) => isNew),
    changes.map(({ measured }) => measured),
    changes.map(({ threshold }) => threshold),
    changes.map(({ breached }) => breached),
    changes.map(({ occasion }) => occasion),
  ];
}
