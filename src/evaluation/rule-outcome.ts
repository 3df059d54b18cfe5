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

/** Whether the rule breached and wrote an alert: a new one, or the open one. */
export function hasFired(outcome: Outcome): outcome is 'fired' | 'refreshed' {
  return outcome === 'fired' || outcome === 'refreshed';
}

/** A rule that fails this many times in a row causes one notice. Fewer failures may be a brief database fault. */
export const FAILURES_BEFORE_NOTICE = 3;

/** The outcome of one rule in a stored evaluation run. Fields without a value are left out. */
export interface StoredOutcome {
  rule_id: string;
  outcome: Outcome;
  /** In the unit of the rule type. */
  measured?: number;
  threshold?: number;
  alert_id?: string;
  error?: string;
}

/** The outcome of one rule with the rule's current name and type; both are null if the rule was deleted since. */
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
