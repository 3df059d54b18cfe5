import { onConflict } from './common-options.js';
import type { Preset, Proposal } from './preset.js';

/** Posture as the file states it. */
export const asGivenPreset = {
  name: 'as_given',
  title: 'Posture as given',
  description:
    'The file states the posture itself, field by field. A technique becomes validated only with a last_review_date.',
  content: 'posture',
  isDefault: true,
  options: [onConflict('overwrite')],
  propose(observations, _options, { problems }) {
    const firstOf = new Map<string, string>();
    const proposals = observations.flatMap(({ attackId, domain, at, given = { attackId } }): Proposal[] => {
      const first = firstOf.get(attackId);
      if (first !== undefined) {
        problems.add(`${at}.attack_id`, `is ${attackId}, as in ${first}: give each technique once`);
        return [];
      }
      firstOf.set(attackId, at);
      return [{ ...given, attackId, domain, at, because: 'as given' }];
    });
    return { proposals, silent: 0 };
  },
} as const satisfies Preset;
