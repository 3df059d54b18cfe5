import type { OnRepeat } from '../common/alerting.js';
import type { Finding, Measurement } from '../evaluators/index.js';

const HOUR_MS = 3_600_000;

/** The facts about a rule that a decision needs, besides the measurement. */
export interface RuleStanding {
  /** The current setting of the rule, so a lowered cooldown counts at once. */
  cooldownHours: number;
  lastFiredAt: Date | null;
  onRepeat: OnRepeat;
  /** The newest alert of the rule that is open or acknowledged. Only a rule with `on_repeat: update_open` needs it. */
  unfinishedAlertId: string | null;
  /** The occasion of the last firing, for a rule that fires once for each occasion. */
  lastOccasion?: string | null;
}

export type Decision =
  | { outcome: 'cooldown' }
  | { outcome: 'error'; error: string }
  | { outcome: 'no_data' | 'clear' | 'already_alerted' | 'fired'; finding: Finding }
  | { outcome: 'refreshed'; finding: Finding; alertId: string };

type Cooldown = Pick<RuleStanding, 'cooldownHours' | 'lastFiredAt'>;

/**
 * When the cooldown after the last firing ends or has ended; null without a cooldown. A last firing later than `now`
 * comes from a clock that was ahead and counts as now. The pass stores it as now, so that the rule is silent for no
 * longer than one cooldown from the first evaluation with a right clock.
 */
export function cooldownEnd({ cooldownHours, lastFiredAt }: Cooldown, now: Date): Date | null {
  if (lastFiredAt === null || cooldownHours <= 0) return null;
  return new Date(Math.min(lastFiredAt.getTime(), now.getTime()) + cooldownHours * HOUR_MS);
}

/** A rule is in cooldown while `now < last_fired_at + cooldown_hours`. 0 hours or fewer is no cooldown. */
export function isInCooldown(cooldown: Cooldown, now: Date): boolean {
  const end = cooldownEnd(cooldown, now);
  return end !== null && now < end;
}

/** Decides what a rule does at `now`. Pure. A cooldown takes precedence over every measurement. */
export function decide(standing: RuleStanding, measurement: Measurement, now: Date): Decision {
  if (isInCooldown(standing, now)) return { outcome: 'cooldown' };
  if (measurement.kind === 'failed') return { outcome: 'error', error: measurement.error };
  const { finding } = measurement;
  if (finding.measured === null) return { outcome: 'no_data', finding };
  if (!finding.breached) return { outcome: 'clear', finding };
  if (finding.occasion && finding.occasion === standing.lastOccasion) return { outcome: 'already_alerted', finding };
  return standing.onRepeat === 'update_open' && standing.unfinishedAlertId !== null
    ? { outcome: 'refreshed', finding, alertId: standing.unfinishedAlertId }
    : { outcome: 'fired', finding };
}
