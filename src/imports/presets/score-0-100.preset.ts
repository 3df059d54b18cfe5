import { invalidField, invalidInput } from '../../common/errors/index.js';
import { parseInstant } from '../../common/instant-text.js';
import { roundTo } from '../../common/wire.js';
import { isInTheFuture } from '../../posture/words/index.js';
import type { Gradient, Observation } from '../observations/observation.js';
import { DISABLED, onConflict, partialMin, validatedMin } from './common-options.js';
import type { OptionValues } from './preset-options.js';
import type { Preset } from './preset.js';
import { proposeByScore, type Judgement } from './propose-by-score.js';

/** Scores from 0 to 100 that people gave. */
export const score0To100Preset = {
  name: 'score_0_100',
  title: 'Layer of scores from 0 to 100',
  description:
    'The score is a degree of coverage. 80 or more is validated when confirmed with the date of the evidence, otherwise partial; 1 or more is partial; ' +
    'less is not_covered.',
  content: 'layer_scores',
  isDefault: false,
  options: [
    validatedMin(80, 100, 'score'),
    partialMin(1, 100, 'score'),
    {
      name: 'confirmed',
      kind: 'boolean',
      default: false,
      description:
        'Confirms that tests, made by evidence_date at the latest, support the scores from validated_min on.',
    },
    {
      name: 'evidence_date',
      kind: 'date',
      default: null,
      description:
        'The day of the tests behind the scores. It becomes the last review date. Required when confirmed is true, and refused otherwise.',
    },
    {
      name: 'scale_by_gradient',
      kind: 'boolean',
      default: false,
      description:
        'Scales the scores by the gradient of the layer: its minValue becomes 0, its maxValue 100. For layers with scores from 0 to 1, for example.',
    },
    DISABLED,
    onConflict('keep_higher'),
  ],
  check: checkScore0To100,
  propose: (observations, options, { problems }) => {
    const scales = options.scale_by_gradient === true;
    const usable = observations.flatMap((observation) => {
      const { at, attackId, domain, score } = observation;
      if (score === null) return [observation];
      const read = scales ? scaledScore(score, observation.gradient) : plainScore(score);
      if (typeof read === 'number') return [{ ...observation, score: read }];
      problems.countUnreadable(attackId, domain);
      problems.add(`${at}.score`, read.problem);
      return [];
    });
    const scoreName = scales ? 'scaled score' : 'score';
    return {
      ...proposeByScore(usable, options, { problems, scoreName }, (score) => judgeScore(score, options)),
      hints: scales ? [] : gradientHints(observations),
    };
  },
} as const satisfies Preset;

function checkScore0To100(
  { confirmed, evidence_date: date, validated_min: validated, partial_min: partial }: OptionValues,
  now: Date,
): void {
  if ((partial as number) > (validated as number)) {
    throw invalidField('partial_min', 'must not be more than validated_min');
  }
  if (confirmed === true && date === null) {
    throw invalidField('evidence_date', 'must be given when confirmed is true: the day of the tests behind the scores');
  }
  if (confirmed === false && date !== null) {
    throw invalidInput([{ field: 'confirmed', message: 'must be true when evidence_date is given' }]);
  }
  if (date !== null && isInTheFuture(parseInstant(date)!, now)) {
    throw invalidField('evidence_date', 'must not lie in the future');
  }
}

function plainScore(score: number): number | { problem: string } {
  if (score >= 0 && score <= 100) return score;
  return { problem: `must be from 0 to 100, not ${score}: is it a rule_count?` };
}

/** Rounded to a billionth, so that 0.29 of 1 is 29 and not 28.999999999999996. The reason shows the same number. */
function scaledScore(score: number, gradient: Gradient | null | undefined): number | { problem: string } {
  if (!gradient) return { problem: 'cannot be scaled: the layer has no gradient with a minValue below its maxValue' };
  const { min, max } = gradient;
  if (score >= min && score <= max) return roundTo((100 * (score - min)) / (max - min), 9);
  return { problem: `must be from ${min} to ${max}, as in the gradient of the layer, not ${score}` };
}

/** One hint for each gradient that is not from 0 to 100 and that holds all scores of its layer. */
function gradientHints(observations: readonly Observation[]): string[] {
  const holdsAll = new Map<Gradient, boolean>();
  for (const { score, gradient } of observations) {
    if (score === null || !gradient || (gradient.min === 0 && gradient.max === 100)) continue;
    const holds = score >= gradient.min && score <= gradient.max;
    holdsAll.set(gradient, holds && (holdsAll.get(gradient) ?? true));
  }
  const hints = [...holdsAll].flatMap(([gradient, holds]) => (holds ? [gradientHint(gradient)] : []));
  return [...new Set(hints)];
}

function gradientHint({ min, max }: Gradient): string {
  return (
    `The gradient of the layer is from ${min} to ${max}, so its scores may not be from 0 to 100. ` +
    'The option scale_by_gradient=true scales them.'
  );
}

function judgeScore(score: number, options: OptionValues): Judgement {
  const isHigh = score >= (options.validated_min as number);
  if (isHigh && options.confirmed === true) {
    return { statusGlobal: 'validated', lastReviewDate: parseInstant(options.evidence_date)! };
  }
  return { statusGlobal: isHigh || score >= (options.partial_min as number) ? 'partial' : 'not_covered' };
}
