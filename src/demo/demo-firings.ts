import type { Severity } from '../common/alerting.js';
import { counted, plainNumber, roundTo } from '../common/wire.js';
import { DEMO_DAYS } from './demo-calendar.js';
import type { DemoPosture } from './demo-posture.js';
import type { DemoSnapshot } from './demo-snapshots.js';
import type { SeededRandom } from './seeded-random.js';

/** A system rule from the database. */
export interface DemoRule {
  id: string;
  key: string;
  name: string;
  ruleType: string;
  severity: Severity;
  config: Record<string, number>;
}

/** The texts and the evidence of an alert of the past. */
export interface Firing {
  title: string;
  message: string;
  /** In snake_case, with at least the keys that the rule type documents. */
  details: Record<string, unknown>;
}

interface Past {
  posture: readonly DemoPosture[];
  /** One for each day; the last one is for today. */
  snapshots: readonly DemoSnapshot[];
  now: Date;
  random: SeededRandom;
}

/** The firing of a rule of each type so many days ago; null if the rule did not breach on that day. */
const DESCRIBE: Readonly<
  Record<string, (config: Record<string, number>, daysAgo: number, past: Past) => Firing | null>
> = {
  high_risk: ({ min_risk_score = 75, min_count = 1 }, _daysAgo, { posture, random }) => {
    const scored = inScope(posture).flatMap(({ riskScore, technique }) =>
      riskScore !== null && riskScore >= min_risk_score ? { technique, riskScore } : [],
    );
    const count = Math.max(min_count, Math.round(scored.length * (0.6 + 0.3 * random.next())));
    const top = random.sample(scored, 5).sort((a, b) => b.riskScore - a.riskScore);
    const what = `${counted(count, 'technique')} have a risk score of ${min_risk_score} or more`;
    const highest = top.map(({ technique, riskScore }) => `${technique.attackId} (${plainNumber(riskScore)})`);
    return {
      title: what,
      message: `${what}; the rule fires at ${min_count} or more. Highest risk: ${highest.join(', ')}.`,
      details: {
        count,
        threshold: min_risk_score,
        min_risk_score,
        min_count,
        top_ids: top.map(({ technique }) => technique.id),
        top_attack_ids: top.map(({ technique }) => technique.attackId),
        top_scores: top.map(({ riskScore }) => riskScore),
      },
    };
  },
  stale_technique: ({ days_stale = 30, min_count = 1 }, _daysAgo, { posture, random }) => {
    const examples = random.sample(
      posture.filter(({ statusBefore }) => statusBefore === 'validated'),
      10,
    );
    const count = Math.max(min_count, examples.length + random.integer(2, 24));
    const what = `${counted(count, 'validated technique')} were last reviewed more than ${counted(days_stale, 'day')} ago`;
    return {
      title: what,
      message: `${what}; the rule fires at ${min_count} or more. Among them: ${attackIds(examples).join(', ')}.`,
      details: { count, days_stale, min_count, example_ids: ids(examples), example_attack_ids: attackIds(examples) },
    };
  },
  coverage_regression: ({ min_drop_pct = 5 }, daysAgo, { snapshots }) => {
    const [previous, current] = [snapshotAt(snapshots, daysAgo + 1), snapshotAt(snapshots, daysAgo)];
    if (!previous || !current || previous.coverage_pct - current.coverage_pct < min_drop_pct) return null;
    const [from, to] = [roundTo(previous.coverage_pct, 2), roundTo(current.coverage_pct, 2)];
    const drop = roundTo(previous.coverage_pct - current.coverage_pct, 2);
    const what = `Coverage dropped by ${drop} percentage points`;
    return {
      title: `${what}, from ${from}% to ${to}%`,
      message: `${what}, from ${from}% on ${previous.date} to ${to}% on ${current.date}; the rule fires at a drop of ${min_drop_pct} or more.`,
      details: {
        previous_pct: from,
        current_pct: to,
        drop_pct: drop,
        previous_date: previous.date,
        current_date: current.date,
        threshold: min_drop_pct,
      },
    };
  },
  low_coverage: ({ max_coverage_pct = 30 }, daysAgo, { snapshots }) => {
    const snapshot = snapshotAt(snapshots, daysAgo);
    if (!snapshot || snapshot.total === 0 || snapshot.coverage_pct > max_coverage_pct) return null;
    const { validated, partial, total } = snapshot;
    const coverage_pct = roundTo(snapshot.coverage_pct, 2);
    const what = `Coverage is ${coverage_pct}%, at or below ${max_coverage_pct}%`;
    return {
      title: what,
      message: `${what}: of ${counted(total, 'technique')} in scope, ${validated} are validated and ${partial} are partial, which count half.`,
      details: { coverage_pct, threshold: max_coverage_pct, validated, partial, total },
    };
  },
  expiry_wave: ({ min_pending_count = 15 }, _daysAgo, { random }) => {
    const pending_count = min_pending_count + random.integer(1, 11);
    const what = `${counted(pending_count, 'technique')} wait for revalidation`;
    return {
      title: what,
      message: `${what}, pending or in progress; the rule fires at ${min_pending_count} or more.`,
      details: { pending_count, threshold: min_pending_count },
    };
  },
  new_technique: ({ lookback_days = 7, min_count = 1 }, _daysAgo, { posture, random }) => {
    const changed = random.sample(inScope(posture), Math.max(min_count, random.integer(1, 6)));
    const count = changed.length;
    const what = `${counted(count, 'technique')} ${count === 1 ? 'was' : 'were'} published or changed by MITRE in the last ${counted(lookback_days, 'day')}`;
    return {
      title: what,
      message: `${what}; the rule fires at ${min_count} or more: ${attackIds(changed).join(', ')}.`,
      details: { count, lookback_days, min_count, technique_ids: ids(changed), mitre_ids: attackIds(changed) },
    };
  },
  orphan_spike: ({ min_orphan_count = 20 }, daysAgo, { snapshots, random }) => {
    const orphan_count = min_orphan_count + random.integer(2, 15);
    const total = snapshotAt(snapshots, daysAgo)?.total ?? orphan_count;
    return {
      title: `${counted(orphan_count, 'technique')} have no owner`,
      message: `${orphan_count} of ${counted(total, 'technique')} in scope have no owner; the rule fires at ${min_orphan_count} or more.`,
      details: { orphan_count, total, threshold: min_orphan_count },
    };
  },
};

export function describeFiring(rule: DemoRule, daysAgo: number, past: Past): Firing | null {
  return DESCRIBE[rule.ruleType]?.(rule.config, daysAgo, past) ?? null;
}

function snapshotAt(snapshots: readonly DemoSnapshot[], daysAgo: number): DemoSnapshot | undefined {
  return snapshots[DEMO_DAYS - 1 - daysAgo];
}

function inScope(posture: readonly DemoPosture[]): DemoPosture[] {
  return posture.filter(({ status }) => status !== 'not_applicable');
}

function ids(posture: readonly DemoPosture[]): string[] {
  return posture.map(({ technique }) => technique.id);
}

function attackIds(posture: readonly DemoPosture[]): string[] {
  return posture.map(({ technique }) => technique.attackId);
}
