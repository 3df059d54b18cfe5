import { DISABLED, onConflict, partialMin } from './common-options.js';
import type { Preset } from './preset.js';
import { proposeByScore } from './propose-by-score.js';

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
  propose: (observations, options, { problems }) =>
    proposeByScore(observations, options, problems, (score) => ({
      statusGlobal: score >= (options.partial_min as number) ? 'partial' : 'not_covered',
    })),
} as const satisfies Preset;
