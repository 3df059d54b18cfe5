import { invalidField, invalidInput } from '../../common/errors/index.js';
import { parseInstant } from '../../common/instant-text.js';
import { isInTheFuture } from '../../posture/words/index.js';
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
    DISABLED,
    onConflict('keep_higher'),
  ],
  check: checkScore0To100,
  propose: (observations, options, { problems }) => {
    const usable = observations.filter(({ at, attackId, domain, score }) => {
      const isUsable = score === null || (score >= 0 && score <= 100);
      if (!isUsable) {
        problems.countUnreadable(attackId, domain);
        problems.add(`${at}.score`, `must be from 0 to 100, not ${score}: is it a rule_count?`);
      }
      return isUsable;
    });
    return proposeByScore(usable, options, problems, (score) => judgeScore(score, options));
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

function judgeScore(score: number, options: OptionValues): Judgement {
  const isHigh = score >= (options.validated_min as number);
  if (isHigh && options.confirmed === true) {
    return { statusGlobal: 'validated', lastReviewDate: parseInstant(options.evidence_date)! };
  }
  return { statusGlobal: isHigh || score >= (options.partial_min as number) ? 'partial' : 'not_covered' };
}
