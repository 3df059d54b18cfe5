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

/** When the cooldown after the last firing ends or has ended; null without a cooldown. */
export function cooldownEnd({ cooldownHours, lastFiredAt }: Cooldown): Date | null {
  return lastFiredAt !== null && cooldownHours > 0 ? new Date(lastFiredAt.getTime() + cooldownHours * HOUR_MS) : null;
}

/** A rule is in cooldown while `now < last_fired_at + cooldown_hours`. 0 hours or fewer is no cooldown. */
export function isInCooldown({ cooldownHours, lastFiredAt }: Cooldown, now: Date): boolean {
  return lastFiredAt !== null && cooldownHours > 0 && now.getTime() < lastFiredAt.getTime() + cooldownHours * HOUR_MS;
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
