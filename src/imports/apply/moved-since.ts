import { isSameImage, type PlannedChange, type PostureImage } from '../plan/plan-posture-import.js';

/**
 * A technique for which an import now means something else than its preview showed. Goes over the wire as it is; null:
 * no change.
 */
export interface MovedTechnique {
  attack_id: string;
  previewed: { from: string; to: string } | null;
  now: { from: string; to: string } | null;
}

/** Compares the changes of a preview with what the same file means for the current posture. Pure. */
export function movedSince(previewed: readonly PlannedChange[], now: readonly PlannedChange[]): MovedTechnique[] {
  const before = new Map(previewed.map((change) => [change.techniqueId, change]));
  const after = new Map(now.map((change) => [change.techniqueId, change]));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((id) => {
    const [then, current] = [before.get(id), after.get(id)];
    if (then && current && isSameImage(then.before, current.before) && isSameImage(then.after, current.after)) {
      return [];
    }
    return [{ attack_id: (then ?? current)!.attackId, previewed: shownChange(then), now: shownChange(current) }];
  });
}

function shownChange(change: PlannedChange | undefined): MovedTechnique['now'] {
  return change ? { from: words(change.before), to: words(change.after) } : null;
}

/** The status, and every other field that is set. */
function words({ statusGlobal, lastReviewDate, riskScore, ownerId, tags }: PostureImage): string {
  return [
    statusGlobal,
    lastReviewDate && `reviewed ${lastReviewDate.toISOString()}`,
    riskScore === null ? null : `risk ${riskScore}`,
    ownerId && `owner ${ownerId}`,
    tags.length > 0 && `tagged ${tags.join(', ')}`,
  ]
    .filter(Boolean)
    .join(', ');
}
