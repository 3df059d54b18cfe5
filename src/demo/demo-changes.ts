import { atHour, hoursAfter } from './demo-calendar.js';
import type { DemoPosture } from './demo-posture.js';
import { hasPlatform } from './demo-profile.js';
import { SeededRandom } from './seeded-random.js';

export interface DemoChange {
  techniqueId: string;
  /** The generated `mitre_last_modified`. */
  at: Date;
}

const CHANGED_TECHNIQUES = 6;

/**
 * Selects identity and office techniques, and dates their last change by MITRE to the day before yesterday. ATT&CK is
 * published twice a year, so real changes would rarely be recent.
 */
export function planChanges(posture: readonly DemoPosture[], now: Date): DemoChange[] {
  const inScope = posture.filter(({ status }) => status !== 'not_applicable');
  const likely = inScope.filter(({ technique }) =>
    ['Identity Provider', 'Office Suite'].some((name) => hasPlatform(technique, name)),
  );
  const published = atHour(now, 2, 14);
  return new SeededRandom(181)
    .sample(likely.length >= CHANGED_TECHNIQUES ? likely : inScope, CHANGED_TECHNIQUES)
    .map(({ technique }, index) => ({ techniqueId: technique.id, at: hoursAfter(published, index / 90) }));
}
