import { CONFLICT_RULES, type ConflictRule, type PresetOption } from './preset-options.js';

export function onConflict(byDefault: ConflictRule): PresetOption {
  return {
    name: 'on_conflict',
    kind: 'choice',
    choices: CONFLICT_RULES,
    default: byDefault,
    description:
      'What happens to a status that is already set. overwrite: the file decides. keep_higher: the status only moves up (not_evaluated, not_covered, ' +
      'in_progress, partial, validated), and not_applicable stays. only_unset: only techniques that were never evaluated get a status.',
  };
}

export const DISABLED: PresetOption = {
  name: 'disabled',
  kind: 'choice',
  choices: ['ignore', 'not_applicable'],
  default: 'ignore',
  description: 'What happens to a technique that the layer disables. ignore: it stays as it is.',
};

export function partialMin(byDefault: number, max: number, what: string): PresetOption {
  return {
    name: 'partial_min',
    kind: 'number',
    min: 0,
    max,
    default: byDefault,
    description: `The least ${what} that makes a technique partial. With less it is not_covered.`,
  };
}

export function validatedMin(byDefault: number, max: number, what: string): PresetOption {
  return {
    name: 'validated_min',
    kind: 'number',
    min: 0,
    max,
    default: byDefault,
    description: `The least ${what} that makes a technique validated, if there is a date of the evidence. Otherwise it is partial.`,
  };
}
