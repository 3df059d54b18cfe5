import { atHour, hoursAfter } from './demo-calendar.js';
import type { DemoPosture } from './demo-posture.js';
import { hasPlatform } from './demo-profile.js';
import { SeededRandom } from './seeded-random.js';

export interface DemoChange {
  techniqueId: string;
  /** The `mitre_last_modified` to pretend. */
  at: Date;
}

const CHANGED_TECHNIQUES = 6;

/**
 * Techniques that the demo makes look as if MITRE had changed them the day before yesterday: identity and office techniques, as they move most. ATT&CK is
 * published twice a year, and a newcomer should not have to wait for it.
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
