import { DISABLED, onConflict, partialMin } from './common-options.js';
import type { Preset } from './preset.js';
import { proposeByScore } from './propose-by-score.js';

const NOT_COUNTS =
  'Some scores are not whole numbers, so they may not count rules. The preset score_0_100 reads degrees of coverage, and scales them with scale_by_gradient.';

/**
 * Scores that count rules, as in the layers of Sigma and Atomic Red Team. A rule that exists was not tested, so nothing
 * becomes validated.
 */
export const ruleCountPreset = {
  name: 'rule_count',
  title: 'Layer of rule counts',
  description:
    'The score is a number of detection rules: one or more is partial, 0 is not_covered. Never validated: a rule that exists was not tested.',
  content: 'layer_scores',
  isDefault: false,
  options: [partialMin(1, 1_000_000, 'number of rules'), DISABLED, onConflict('keep_higher')],
  propose: (observations, options, { problems }) => ({
    ...proposeByScore(observations, options, { problems }, (score) => ({
      statusGlobal: score >= (options.partial_min as number) ? 'partial' : 'not_covered',
    })),
    hints: observations.some(({ score }) => score !== null && !Number.isInteger(score)) ? [NOT_COUNTS] : [],
  }),
} as const satisfies Preset;
