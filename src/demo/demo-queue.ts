import { atHour, hoursAfter } from './demo-calendar.js';
import { whenMigrated, type DemoPosture } from './demo-posture.js';
import type { DemoPerson } from './demo-users.js';
import { SeededRandom } from './seeded-random.js';

export interface DemoQueueItem {
  techniqueId: string;
  status: 'pending' | 'in_progress' | 'done' | 'cancelled';
  reason: string;
  assignee: DemoPerson | null;
  createdBy: DemoPerson;
  createdAt: Date;
  updatedAt: Date;
  dueAt: Date;
  completedAt: Date | null;
}

const REASON = {
  migration: 'EDR migration: rebuild the detection on the new sensor',
  stale: 'Not reviewed for more than a month',
  changed: 'MITRE changed the technique: check that the detection still fits',
  routine: 'Quarterly revalidation',
} as const;

const UNFINISHED = { migration: 14, stale: 8 } as const;

/** One of this many past reviews was an item of the queue. */
const REVIEWS_PER_ITEM = 3;

/** Plans the open items after the migration, and the finished items of the past months, oldest first. */
export function planQueue(
  posture: readonly DemoPosture[],
  changedIds: ReadonlySet<string>,
  now: Date,
): DemoQueueItem[] {
  const random = new SeededRandom(15);
  const items = [...finished(posture, now, random), ...unfinished(posture, changedIds, now, random)];
  return items.sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
}

function unfinished(
  posture: readonly DemoPosture[],
  changedIds: ReadonlySet<string>,
  now: Date,
  random: SeededRandom,
): DemoQueueItem[] {
  const migrated = posture
    .filter(({ status, statusBefore }) => status !== statusBefore)
    .sort((a, b) => (b.riskScore ?? 0) - (a.riskScore ?? 0))
    .slice(0, UNFINISHED.migration);
  const stale = posture
    .filter(
      ({ status, lastReviewDate, technique }) =>
        status === 'validated' && lastReviewDate && !changedIds.has(technique.id),
    )
    .sort((a, b) => a.lastReviewDate!.getTime() - b.lastReviewDate!.getTime())
    .slice(0, UNFINISHED.stale);
  const changed = posture.filter(
    ({ technique, status, statusBefore }) => changedIds.has(technique.id) && status === statusBefore,
  );
  const added = (one: DemoPosture, reason: string, createdBy: DemoPerson, createdAt: Date): DemoQueueItem => {
    const isStarted = random.chance(0.3);
    return {
      techniqueId: one.technique.id,
      status: isStarted ? 'in_progress' : 'pending',
      reason,
      assignee: isStarted || random.chance(0.5) ? (one.owner ?? 'jonas') : null,
      createdBy,
      createdAt,
      updatedAt: createdAt,
      dueAt: hoursAfter(createdAt, 24 * 14),
      completedAt: null,
    };
  };
  return [
    ...migrated.map((one, index) =>
      added(one, REASON.migration, 'blueLead', hoursAfter(whenMigrated(now), 0.1 + index / 60)),
    ),
    ...stale.map((one) => added(one, REASON.stale, 'redLead', atHour(now, random.integer(2, 9), 9 + random.next()))),
    ...changed.map((one, index) => added(one, REASON.changed, 'redLead', atHour(now, 1, 9 + index / 20))),
  ];
}

function finished(posture: readonly DemoPosture[], now: Date, random: SeededRandom): DemoQueueItem[] {
  const reviewed = posture.filter(
    ({ statusBefore, lastReviewDate }) =>
      lastReviewDate && ['validated', 'partial', 'in_progress'].includes(statusBefore),
  );
  return reviewed
    .filter((_, index) => index % REVIEWS_PER_ITEM === 0)
    .map(({ technique, lastReviewDate, owner }): DemoQueueItem => {
      const completedAt = lastReviewDate ?? now;
      const createdAt = hoursAfter(completedAt, -24 * random.integer(3, 14) - random.next());
      return {
        techniqueId: technique.id,
        status: random.chance(0.08) ? 'cancelled' : 'done',
        reason: REASON.routine,
        assignee: owner,
        createdBy: 'redLead',
        createdAt,
        updatedAt: completedAt,
        dueAt: hoursAfter(createdAt, 24 * 14),
        completedAt,
      };
    });
}
