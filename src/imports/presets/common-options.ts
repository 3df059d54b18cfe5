import { CONFLICT_RULES, type ConflictRule, type PresetOption } from './preset-options.js';

export function onConflict(byDefault: ConflictRule): PresetOption {
  return {
    name: 'on_conflict',
    kind: 'choice',
    choices: CONFLICT_RULES,
    default: byDefault,
    description:
      'What happens to a status that is there already. overwrite: the file decides. keep_higher: the status only moves up (not_evaluated, not_covered, ' +
      'in_progress, partial, validated); not_applicable is never left. only_unset: only what was never evaluated is set.',
  };
}

export const DISABLED: PresetOption = {
  name: 'disabled',
  kind: 'choice',
  choices: ['ignore', 'not_applicable'],
  default: 'ignore',
  description: 'What a technique that the layer disables becomes. ignore: it stays as it is.',
};

export function partialMin(byDefault: number, max: number, what: string): PresetOption {
  return {
    name: 'partial_min',
    kind: 'number',
    min: 0,
    max,
    default: byDefault,
    description: `The least ${what} that makes a technique partial; below it is not_covered.`,
  };
}

export function validatedMin(byDefault: number, max: number, what: string): PresetOption {
  return {
    name: 'validated_min',
    kind: 'number',
    min: 0,
    max,
    default: byDefault,
    description: `The least ${what} that makes a technique validated, where a date stands for the evidence; else it is partial.`,
  };
}
