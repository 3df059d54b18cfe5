import { atHour, hoursAfter } from './demo-calendar.js';
import { describeFiring, type DemoRule, type Firing } from './demo-firings.js';
import type { DemoPosture } from './demo-posture.js';
import { OUTAGE_DAYS_AGO, type DemoSnapshot } from './demo-snapshots.js';
import type { DemoPerson } from './demo-users.js';
import { SeededRandom } from './seeded-random.js';

export interface DemoAlert extends Firing {
  rule: DemoRule;
  status: 'acknowledged' | 'resolved' | 'dismissed';
  createdAt: Date;
  acknowledged: StatusChange | null;
  resolved: StatusChange | null;
  dismissed: StatusChange | null;
}

/** Who changed the status of an alert, and when. */
export interface StatusChange {
  by: DemoPerson;
  at: Date;
}

/**
 * How many days ago each system rule fired. The distances are longer than the cooldowns, also from the newest to now,
 * so that rules can fire when the demo starts.
 */
const FIRED_DAYS_AGO: Readonly<Record<string, readonly number[]>> = {
  critical_risk_techniques: [104, 63, 33, 15],
  high_risk_technique_spike: [111, 83, 47, 19],
  stale_technique_detection: [96, 72, 50, 29, 13],
  coverage_regression: [OUTAGE_DAYS_AGO],
  low_coverage_warning: [117, 108, 99, 90, 78, 66, OUTAGE_DAYS_AGO],
  revalidation_queue_backlog: [92, 57, 40, 22],
  new_mitre_techniques_detected: [100, 68, 44, 12],
  orphan_technique_spike: [86, 54],
};

/** This many of the newest alerts are acknowledged, and neither resolved nor dismissed. */
const UNFINISHED_ALERTS = 2;

/** The alerts of the past months, oldest first, with the texts of their day. None of them is open. */
export function planPastAlerts(
  rules: readonly DemoRule[],
  posture: readonly DemoPosture[],
  snapshots: readonly DemoSnapshot[],
  now: Date,
): DemoAlert[] {
  const random = new SeededRandom(31);
  const fired = rules
    .flatMap((rule) => (FIRED_DAYS_AGO[rule.key] ?? []).map((daysAgo) => ({ rule, daysAgo })))
    .sort((a, b) => b.daysAgo - a.daysAgo || (a.rule.key < b.rule.key ? -1 : 1));
  return fired.flatMap(({ rule, daysAgo }, index) => {
    const firing = describeFiring(rule, daysAgo, { posture, snapshots, now, random });
    if (!firing) return [];
    // A snapshot is compared right after it is taken. Other rules fire at any slot of five minutes.
    const hour = rule.ruleType === 'coverage_regression' ? 10 / 60 : random.integer(6 * 12, 19 * 12) / 12;
    const createdAt = hoursAfter(atHour(now, daysAgo, hour), 2 / 3600);
    return {
      rule,
      ...firing,
      createdAt,
      ...statusChanges(createdAt, index >= fired.length - UNFINISHED_ALERTS, random),
    };
  });
}

function statusChanges(
  createdAt: Date,
  isUnfinished: boolean,
  random: SeededRandom,
): Pick<DemoAlert, 'status' | 'acknowledged' | 'resolved' | 'dismissed'> {
  const seen: StatusChange = {
    by: random.pick(['amara', 'jonas', 'mei']),
    at: hoursAfter(createdAt, 0.2 + 5 * random.next()),
  };
  const closed: StatusChange = {
    by: random.pick(['redLead', 'blueLead']),
    at: hoursAfter(createdAt, 8 + 80 * random.next()),
  };
  const isDismissed = random.chance(0.2);
  const acknowledged = isUnfinished || random.chance(0.75) ? seen : null;
  if (isUnfinished) return { status: 'acknowledged', acknowledged, resolved: null, dismissed: null };
  if (isDismissed) return { status: 'dismissed', acknowledged, resolved: null, dismissed: closed };
  return { status: 'resolved', acknowledged, resolved: closed, dismissed: null };
}
