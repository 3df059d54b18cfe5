import { atHour, DEMO_DAYS } from './demo-calendar.js';
import type { DemoPosture } from './demo-posture.js';
import { progressAt } from './demo-snapshots.js';
import { SeededRandom } from './seeded-random.js';

/** The posture of a technique from `updatedAt` on. */
export type DemoVersion = Omit<DemoPosture, 'statusBefore'>;

/**
 * Plans the versions of each technique, oldest first; the last one is the current posture. Detections appear with the
 * progress in the snapshots, and Devon is an owner until the day of leaving.
 */
export function planVersions(posture: readonly DemoPosture[], now: Date): DemoVersion[][] {
  const start = atHour(now, DEMO_DAYS - 1, 0);
  const random = new SeededRandom(271);
  const detected = posture.filter(({ statusBefore }) => statusBefore === 'validated' || statusBefore === 'partial');
  const dayOf = new Map(
    random
      .sample(detected, detected.length)
      .map(({ technique }, index) => [technique.id, dayOfProgress((index + 1) / detected.length)]),
  );
  return posture.map(({ statusBefore, ...standing }) => {
    const owner = standing.owner ?? (standing.status === 'not_applicable' ? null : 'devon');
    const day = dayOf.get(standing.technique.id) ?? 0;
    const known: DemoVersion = {
      ...standing,
      owner,
      status: statusBefore,
      lastReviewDate: dayOf.has(standing.technique.id) ? start : null,
      updatedAt: start,
      updatedBy: 'blueLead',
    };
    if (day === 0) return [known, standing].filter(beginsBefore(standing));
    const at = atHour(now, DEMO_DAYS - 1 - day, 10);
    const unknown: DemoVersion = { ...known, status: 'not_evaluated', lastReviewDate: null };
    const built: DemoVersion = { ...known, lastReviewDate: at, updatedAt: at, updatedBy: owner ?? 'blueLead' };
    return [unknown, built, standing].filter(beginsBefore(standing));
  });
}

function beginsBefore(standing: DemoVersion): (version: DemoVersion) => boolean {
  return (version) => version === standing || version.updatedAt < standing.updatedAt;
}

/** The day, from 0, on which the progress reached `share`, at the latest the day before yesterday. */
function dayOfProgress(share: number): number {
  let day = 0;
  while (day < DEMO_DAYS - 3 && progressAt(day) < share) day++;
  return day;
}
