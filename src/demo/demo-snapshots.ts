import type { TechniqueStatus } from '../posture/words/index.js';
import { atHour, dateOf, DEMO_DAYS, isWeekend } from './demo-calendar.js';
import type { DemoPosture } from './demo-posture.js';
import { SeededRandom } from './seeded-random.js';

/** The counts of a snapshot, over the techniques in scope. */
export interface SnapshotCounts {
  total: number;
  validated: number;
  partial: number;
  in_progress: number;
  not_covered: number;
  not_evaluated: number;
}

export interface DemoSnapshot extends SnapshotCounts {
  /** `YYYY-MM-DD`. */
  date: string;
  coverage_pct: number;
  takenAt: Date;
  /** By domain and tactic, as in a snapshot; null for days with generated totals only. */
  tactics: Record<string, Record<string, TacticCoverage>> | null;
}

export interface TacticCoverage extends SnapshotCounts {
  coverage_pct: number;
}

/** Pairs of a day, from 0, and its progress, as a share of yesterday's detections. Growth and pauses alternate. */
const PROGRESS: readonly (readonly [number, number])[] = [
  [0, 0.48],
  [18, 0.58],
  [31, 0.6],
  [52, 0.76],
  [66, 0.78],
  [88, 0.91],
  [103, 0.93],
  [118, 1],
];

/** How many days ago a log source failed. OUTAGE is the share of validated detections on that day and the next two. */
export const OUTAGE_DAYS_AGO = 61;
const OUTAGE = [0.7, 0.8, 0.92];

/** One snapshot for each day, oldest first. Yesterday's is from before the migration, today's from after it. */
export function planSnapshots(posture: readonly DemoPosture[], now: Date): DemoSnapshot[] {
  const yesterday = countsOf(posture.map(({ statusBefore }) => statusBefore));
  const random = new SeededRandom(119);
  const snapshots: DemoSnapshot[] = [];
  let progress = PROGRESS[0]![1];
  for (let daysAgo = DEMO_DAYS - 1; daysAgo >= 2; daysAgo--) {
    const noise = 0.016 * (random.next() - 0.5);
    if (!isWeekend(atHour(now, daysAgo, 0))) progress = Math.min(1, progressAt(DEMO_DAYS - 1 - daysAgo) + noise);
    const remaining = OUTAGE[OUTAGE_DAYS_AGO - daysAgo] ?? 1;
    snapshots.push(snapshotOf(countsAt(yesterday, progress, remaining), daysAgo, now));
  }
  const before = posture.map(({ technique, statusBefore }) => ({ technique, status: statusBefore }));
  snapshots.push(snapshotOf(yesterday, 1, now, tacticsOf(before)));
  snapshots.push(snapshotOf(countsOf(posture.map(({ status }) => status)), 0, now, tacticsOf(posture)));
  return snapshots;
}

/** Coverage by the same formula as everywhere in Vedette. 0 if no technique is in scope. */
export function coverageOf({ validated, partial, total }: SnapshotCounts): number {
  return total === 0 ? 0 : (100 * validated + 50 * partial) / total;
}

export function countsOf(statuses: readonly TechniqueStatus[]): SnapshotCounts {
  const counts = { total: 0, validated: 0, partial: 0, in_progress: 0, not_covered: 0, not_evaluated: 0 };
  for (const status of statuses) {
    if (status === 'not_applicable') continue;
    counts.total++;
    counts[status]++;
  }
  return counts;
}

/** Most techniques without a detection yet are not evaluated. Those that an outage affects are in progress. */
function countsAt(yesterday: SnapshotCounts, progress: number, remaining: number): SnapshotCounts {
  const { total } = yesterday;
  const beforeOutage = Math.round(yesterday.validated * progress);
  const validated = Math.round(beforeOutage * remaining);
  const partial = Math.round(yesterday.partial * (0.6 + 0.4 * progress));
  const building = Math.round(yesterday.in_progress * (0.7 + 0.3 * progress));
  const toCome = total - beforeOutage - partial - building - yesterday.not_covered - yesterday.not_evaluated;
  const not_evaluated = yesterday.not_evaluated + Math.round(0.7 * toCome);
  const in_progress = building + beforeOutage - validated;
  const not_covered = total - validated - partial - in_progress - not_evaluated;
  return { total, validated, partial, in_progress, not_covered, not_evaluated };
}

function tacticsOf(
  posture: readonly Pick<DemoPosture, 'technique' | 'status'>[],
): Record<string, Record<string, TacticCoverage>> {
  const statuses = new Map<string, TechniqueStatus[]>();
  for (const { technique, status } of posture) {
    for (const tactic of technique.tactics) statuses.set(tactic, [...(statuses.get(tactic) ?? []), status]);
  }
  const counted = [...statuses]
    .map(([tactic, of]) => [tactic, countsOf(of)] as const)
    .filter(([, { total }]) => total > 0);
  return {
    'enterprise-attack': Object.fromEntries(
      counted.map(([tactic, counts]) => [tactic, { ...counts, coverage_pct: coverageOf(counts) }]),
    ),
  };
}

function snapshotOf(
  counts: SnapshotCounts,
  daysAgo: number,
  now: Date,
  tactics: DemoSnapshot['tactics'] = null,
): DemoSnapshot {
  const scheduled = atHour(now, daysAgo, 5 / 60);
  return {
    ...counts,
    coverage_pct: coverageOf(counts),
    date: dateOf(scheduled),
    takenAt: scheduled < now ? scheduled : now,
    tactics,
  };
}

/** The progress on a day, from 0, as a share of yesterday's detections. */
export function progressAt(day: number): number {
  const next = PROGRESS.findIndex(([until]) => until >= day);
  if (next <= 0) return PROGRESS[next]?.[1] ?? 1;
  const [[fromDay, from], [toDay, to]] = [PROGRESS[next - 1]!, PROGRESS[next]!];
  return from + ((to - from) * (day - fromDay)) / (toDay - fromDay);
}
