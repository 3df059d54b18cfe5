import type { Observation, ProblemLog } from '../observations/observation.js';
import type { OptionValues } from './preset-options.js';
import { byTechnique, unreadableWords, type Proposal, type Proposals } from './preset.js';

/** What a score means for the posture. */
export type Judgement = Pick<Proposal, 'statusGlobal' | 'lastReviewDate'>;

/**
 * A technique can be under several tactics or in several layers; its highest score counts. A technique without a score
 * stays as it is. So does one that is disabled everywhere, unless the option `disabled` makes it not applicable. An
 * entry that could not be read may be enabled.
 */
export function proposeByScore(
  observations: readonly Observation[],
  { disabled }: OptionValues,
  { problems, scoreName = 'score' }: { problems: ProblemLog; scoreName?: string },
  judge: (score: number) => Judgement,
): Proposals {
  const proposals: Proposal[] = [];
  let silent = 0;
  for (const group of byTechnique(observations)) {
    const { attackId, domain, at } = group[0]!;
    const unreadable = problems.unreadableOf(attackId, domain);
    const enabled = group.filter(({ isEnabled }) => isEnabled);
    const scores = enabled.flatMap(({ score }) => (score === null ? [] : [score]));
    if (scores.length > 0) {
      const highest = scores.reduce((a, b) => Math.max(a, b));
      const ofSeveral = scores.length > 1 ? `, the highest of ${scores.length}` : '';
      const unread = unreadableWords(unreadable, 'entry', 'entries');
      // Not rounded: 79.999 would look like 80, which may mean another status.
      const because = `${scoreName} ${highest}${ofSeveral}${unread}`;
      proposals.push({ attackId, domain, at, ...judge(highest), because });
    } else if (enabled.length === 0 && disabled === 'not_applicable' && unreadable === 0) {
      proposals.push({ attackId, domain, at, statusGlobal: 'not_applicable', because: 'disabled in the layer' });
    } else {
      silent += 1;
    }
  }
  return { proposals, silent };
}
