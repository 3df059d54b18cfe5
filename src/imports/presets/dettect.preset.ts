import { invalidField } from '../../common/errors/index.js';
import { utcDate } from '../../common/instant-text.js';
import { onConflict, partialMin, validatedMin } from './common-options.js';
import { byTechnique, unreadableWords, type Preset, type Proposal } from './preset.js';

/** Detection scores of DeTT&CT, -1 to 5. */
export const dettectPreset = {
  name: 'dettect',
  title: 'DeTT&CT detection scores',
  description:
    'The newest detection score counts. 3 or more with a date is validated as of that date; 3 or more without a date, and 1 or more, is partial; 0 and -1 are ' +
    'not_covered. Visibility scores are not read: they say what could be detected.',
  content: 'detection_scores',
  isDefault: true,
  options: [validatedMin(3, 5, 'detection score'), partialMin(1, 5, 'detection score'), onConflict('keep_higher')],
  check({ validated_min: validated, partial_min: partial }) {
    if ((partial as number) > (validated as number)) {
      throw invalidField('partial_min', 'must not be more than validated_min');
    }
  },
  propose(observations, options, { problems }) {
    const proposals: Proposal[] = [];
    let silent = 0;
    for (const group of byTechnique(observations)) {
      const { attackId, domain, at } = group[0]!;
      const [best] = group
        .flatMap(({ score, date }) => (score === null ? [] : [{ score, date }]))
        .sort((a, b) => b.score - a.score || (b.date?.getTime() ?? 0) - (a.date?.getTime() ?? 0));
      if (!best) {
        silent += 1;
        continue;
      }
      const { score, date } = best;
      const isHigh = score >= (options.validated_min as number);
      const unread = unreadableWords(problems.unreadableOf(attackId, domain), 'detection');
      const because = `detection score ${score}${date ? ` of ${utcDate(date)}` : ' without a date'}${unread}`;
      if (isHigh && date) {
        proposals.push({ attackId, domain, at, statusGlobal: 'validated', lastReviewDate: date, because });
      } else {
        const isPartial = isHigh || score >= (options.partial_min as number);
        proposals.push({ attackId, domain, at, statusGlobal: isPartial ? 'partial' : 'not_covered', because });
      }
    }
    return { proposals, silent };
  },
} as const satisfies Preset;
