export const EVALUATION_TRIGGERS = ['cron', 'posture_change', 'manual'] as const;
export type EvaluationTrigger = (typeof EVALUATION_TRIGGERS)[number];

/**
 * The result of a pass for one rule.
 * - `fired` opened an alert, `refreshed` updated the open one.
 * - `clear` measured a value below the threshold, `no_data` could not measure yet, such as with a single snapshot.
 * - `already_alerted` breached, and its alert about the same release exists already (for rules that fire once a
 *   release).
 * - `cooldown` was skipped and still counts as evaluated.
 * - `error` failed without affecting other rules.
 */
export const OUTCOMES = ['fired', 'refreshed', 'clear', 'already_alerted', 'cooldown', 'no_data', 'error'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/**
 * People are notified once of a rule that fails so many times in a row. Fewer failures may be a short fault of the
 * database.
 */
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

/**
 * One rule in an evaluation run, as it is answered. Name and type are the rule's of today; null when it was deleted
 * since.
 */
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
