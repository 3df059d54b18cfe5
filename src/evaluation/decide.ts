import type { OnRepeat } from '../common/alerting.js';
import type { Finding, Measurement } from '../evaluators/index.js';

const HOUR_MS = 3_600_000;

/** What is known of a rule before it is decided on. */
export interface RuleStanding {
  /** As the rule is now: a cooldown that was lowered counts at once. */
  cooldownHours: number;
  lastFiredAt: Date | null;
  onRepeat: OnRepeat;
  /** The newest alert of the rule that nobody has finished with; only looked at with `on_repeat: update_open`. */
  unfinishedAlertId: string | null;
  /** What the rule fired for last, of a rule that fires once for each occasion. */
  lastOccasion?: string | null;
}

export type Decision =
  | { outcome: 'cooldown' }
  | { outcome: 'error'; error: string }
  | { outcome: 'no_data' | 'clear' | 'already_alerted' | 'fired'; finding: Finding }
  | { outcome: 'refreshed'; finding: Finding; alertId: string };

/** Whether the rule breached and wrote an alert, a new one or the open one. */
export function hasFired({ outcome }: Pick<Decision, 'outcome'>): boolean {
  return outcome === 'fired' || outcome === 'refreshed';
}

type Cooldown = Pick<RuleStanding, 'cooldownHours' | 'lastFiredAt'>;

/** When the cooldown of the last firing ends or has ended; null where there is none. */
export function cooldownEnd({ cooldownHours, lastFiredAt }: Cooldown): Date | null {
  return lastFiredAt !== null && cooldownHours > 0 ? new Date(lastFiredAt.getTime() + cooldownHours * HOUR_MS) : null;
}

/** A rule rests while `now < last_fired_at + cooldown_hours`; 0 hours or fewer is no cooldown. */
export function isInCooldown({ cooldownHours, lastFiredAt }: Cooldown, now: Date): boolean {
  return lastFiredAt !== null && cooldownHours > 0 && now.getTime() < lastFiredAt.getTime() + cooldownHours * HOUR_MS;
}

/**
 * Decides what a rule does at `now`. Pure: the same arguments give the same decision, and nothing of another rule comes in.
 * A rule in cooldown is left alone whatever was measured.
 */
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
