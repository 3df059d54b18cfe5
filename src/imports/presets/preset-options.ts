import { invalidInput, type FieldError } from '../../common/errors/index.js';
import { DATE_WORDS, isCalendarDate } from '../../common/instant-text.js';
import { shown } from '../observations/observation.js';

/** What happens to posture that the organisation already has. */
export const CONFLICT_RULES = ['overwrite', 'keep_higher', 'only_unset'] as const;
export type ConflictRule = (typeof CONFLICT_RULES)[number];

export type OptionValue = number | string | boolean | null;
export type OptionValues = Readonly<Record<string, OptionValue>>;

/** An option of a preset. Validation, documentation and a form come from it. */
export interface PresetOption {
  name: string;
  kind: 'number' | 'boolean' | 'date' | 'choice';
  description: string;
  /** Null: not set. */
  default: OptionValue;
  min?: number;
  max?: number;
  choices?: readonly string[];
}

/** Options as uploads and the command line send them: text. */
export type OptionTexts = Readonly<Record<string, string | undefined>>;

/**
 * The options of a preset with their defaults.
 * @throws DomainError `invalid_input` naming each option that the preset does not have or whose value is invalid.
 */
export function resolveOptions(preset: string, known: readonly PresetOption[], texts: OptionTexts): OptionValues {
  const errors: FieldError[] = [];
  for (const [name, text] of Object.entries(texts)) {
    if (text !== undefined && !known.some((option) => option.name === name)) {
      const names = known.map((option) => option.name).join(', ');
      errors.push({ field: shown(name), message: `is not an option of ${preset}, which takes ${names}` });
    }
  }
  const values: Record<string, OptionValue> = {};
  for (const option of known) {
    const text = texts[option.name];
    const value = text === undefined ? option.default : valueOf(option, text);
    if (value === undefined) errors.push({ field: option.name, message: wordsOf(option) });
    else values[option.name] = value;
  }
  if (errors.length > 0) throw invalidInput(errors);
  return values;
}

function valueOf({ kind, min, max, choices }: PresetOption, text: string): OptionValue | undefined {
  switch (kind) {
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'choice':
      return choices!.includes(text) ? text : undefined;
    case 'date':
      return isCalendarDate(text) ? text : undefined;
    case 'number': {
      const value = /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : NaN;
      return value >= min! && value <= max! ? value : undefined;
    }
  }
}

function wordsOf({ kind, min, max, choices }: PresetOption): string {
  switch (kind) {
    case 'boolean':
      return 'must be true or false';
    case 'choice':
      return `must be one of ${choices!.join(', ')}`;
    case 'date':
      return DATE_WORDS;
    case 'number':
      return `must be a number from ${min} to ${max}`;
  }
}
