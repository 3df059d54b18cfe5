import { invalidField, invalidInput } from '../../common/errors/index.js';
import { parseInstant } from '../../common/instant-text.js';
import { plainNumber } from '../../common/wire.js';
import { isInTheFuture } from '../../posture/words/index.js';
import type { Observation } from '../observations/observation.js';
import { DISABLED, onConflict, partialMin, validatedMin } from './common-options.js';
import type { OptionValues } from './preset-options.js';
import { byTechnique, type Preset, type Proposal, type Proposals } from './preset.js';

type Judged = Pick<Proposal, 'statusGlobal' | 'lastReviewDate'>;

/** Scores that count rules, as Sigma's and Atomic Red Team's layers do. What was counted was not tested, so nothing becomes validated. */
export const RULE_COUNT: Preset = {
  name: 'rule_count',
  title: 'Layer of rule counts',
  description:
    'The score is a number of detection rules: one or more is partial, 0 is not_covered. Never validated: a rule that exists was not tested.',
  formats: ['navigator'],
  recordKind: 'posture',
  options: [partialMin(1, 1_000_000, 'number of rules'), DISABLED, onConflict('keep_higher')],
  propose: (observations, options) =>
    proposeByScore(observations, options, (score) => ({
      statusGlobal: score >= (options.partial_min as number) ? 'partial' : 'not_covered',
    })),
};

/** Scores of 0 to 100 that somebody gave. */
export const SCORE_0_100: Preset = {
  name: 'score_0_100',
  title: 'Layer of scores from 0 to 100',
  description:
    'The score is a degree of coverage: 80 and more is validated once that is confirmed with the date of the evidence and partial before, 1 and more is partial, ' +
    'less is not_covered.',
  formats: ['navigator'],
  recordKind: 'posture',
  options: [
    validatedMin(80, 100, 'score'),
    partialMin(1, 100, 'score'),
    {
      name: 'confirmed',
      kind: 'boolean',
      default: false,
      description: 'Confirms that the scores from validated_min on rest on tests, made by evidence_date at the latest.',
    },
    {
      name: 'evidence_date',
      kind: 'date',
      default: null,
      description:
        'The day of the tests behind the scores: it becomes the last review date. Needed when confirmed, and only then.',
    },
    DISABLED,
    onConflict('keep_higher'),
  ],
  check: checkScore0To100,
  propose: (observations, options, { problems }) => {
    const usable = observations.filter(({ at, score }) => {
      const isUsable = score === null || (score >= 0 && score <= 100);
      if (!isUsable)
        problems.add(`${at}.score`, `must be from 0 to 100, not ${plainNumber(score)}: is it a rule_count?`);
      return isUsable;
    });
    return proposeByScore(usable, options, (score) => judgeScore(score, options));
  },
};

function checkScore0To100(
  { confirmed, evidence_date: date, validated_min: validated, partial_min: partial }: OptionValues,
  now: Date,
): void {
  if ((partial as number) > (validated as number))
    throw invalidField('partial_min', 'must not be more than validated_min');
  if (confirmed === true && date === null) {
    throw invalidField('evidence_date', 'must be given when confirmed is true: the day of the tests behind the scores');
  }
  if (confirmed === false && date !== null) {
    throw invalidInput([{ field: 'confirmed', message: 'must be true when evidence_date is given' }]);
  }
  if (date !== null && isInTheFuture(parseInstant(date)!, now))
    throw invalidField('evidence_date', 'must not lie in the future');
}

function judgeScore(score: number, options: OptionValues): Judged {
  const isHigh = score >= (options.validated_min as number);
  if (isHigh && options.confirmed === true) {
    return { statusGlobal: 'validated', lastReviewDate: parseInstant(options.evidence_date)! };
  }
  return { statusGlobal: isHigh || score >= (options.partial_min as number) ? 'partial' : 'not_covered' };
}

/**
 * Of a technique that stands under several tactics, or in several layers, the highest score counts. One that has no score is left alone; so is one that is
 * disabled wherever it stands, unless the option says that it is not applicable.
 */
function proposeByScore(
  observations: readonly Observation[],
  { disabled }: OptionValues,
  judge: (score: number) => Judged,
): Proposals {
  const proposals: Proposal[] = [];
  let silent = 0;
  for (const group of byTechnique(observations)) {
    const { attackId, domain, at } = group[0]!;
    const enabled = group.filter(({ isEnabled }) => isEnabled);
    const scores = enabled.flatMap(({ score }) => (score === null ? [] : [score]));
    if (scores.length > 0) {
      const highest = scores.reduce((a, b) => Math.max(a, b));
      const of = scores.length > 1 ? `, the highest of ${scores.length}` : '';
      proposals.push({ attackId, domain, at, ...judge(highest), because: `score ${plainNumber(highest)}${of}` });
    } else if (enabled.length === 0 && disabled === 'not_applicable') {
      proposals.push({ attackId, domain, at, statusGlobal: 'not_applicable', because: 'disabled in the layer' });
    } else {
      silent += 1;
    }
  }
  return { proposals, silent };
}
