export const EVALUATION_TRIGGERS = ['cron', 'posture_change', 'manual'] as const;
export type EvaluationTrigger = (typeof EVALUATION_TRIGGERS)[number];

/**
 * What a pass made of one rule: `fired` opened an alert, `refreshed` updated the open one, `clear` did not breach, `cooldown` was skipped and still counts as
 * evaluated, `told` breached and was told of for the same occasion already (a rule that fires once a release), `no_data` could not be measured yet (such as one snapshot only), `error` failed and touched no other rule.
 */
export const OUTCOMES = ['fired', 'refreshed', 'clear', 'told', 'cooldown', 'no_data', 'error'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** A rule that fails so many times in a row is told of, once until it is well again: less may be a passing fault of the database. */
export const FAILURES_BEFORE_TELLING = 3;

/** One rule in an evaluation run, as it is kept: what is null is left out. */
export interface KeptOutcome {
  rule_id: string;
  outcome: Outcome;
  /** The value measured, in the unit of the type; left out when nothing was measured. */
  measured?: number;
  threshold?: number;
  alert_id?: string;
  error?: string;
}

/** One rule in an evaluation run, as it is answered. Name and type are the rule's of today; null when it was deleted since. */
export interface RuleOutcome {
  rule_id: string;
  rule_name: string | null;
  rule_type: string | null;
  outcome: Outcome;
  measured: number | null;
  threshold: number | null;
  alert_id: string | null;
  error: string | null;
}
