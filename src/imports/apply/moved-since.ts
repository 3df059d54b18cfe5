import { isSameImage, type PlannedChange, type PostureImage } from '../plan/plan-posture-import.js';

/** A technique of which an import would now change something else than its preview showed. On the wire as it is; null: nothing would change. */
export interface MovedTechnique {
  attack_id: string;
  previewed: { from: string; to: string } | null;
  now: { from: string; to: string } | null;
}

/** Compares what a preview showed with what the same file means for the posture as it stands. Pure. */
export function movedSince(previewed: readonly PlannedChange[], now: readonly PlannedChange[]): MovedTechnique[] {
  const before = new Map(previewed.map((change) => [change.techniqueId, change]));
  const after = new Map(now.map((change) => [change.techniqueId, change]));
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((id) => {
    const [then, current] = [before.get(id), after.get(id)];
    if (then && current && isSameImage(then.before, current.before) && isSameImage(then.after, current.after))
      return [];
    return [{ attack_id: (then ?? current)!.attackId, previewed: shownChange(then), now: shownChange(current) }];
  });
}

function shownChange(change: PlannedChange | undefined): MovedTechnique['now'] {
  return change ? { from: words(change.before), to: words(change.after) } : null;
}

/** The status, and the rest where there is any. */
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
