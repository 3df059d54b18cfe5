import type { FieldError } from './errors/index.js';

/**
 * Injection token for the known rule types as `readonly string[]`, in the order of the user interface. The evaluators'
 * module provides it, so that others need not import the evaluators.
 */
export const KNOWN_RULE_TYPES = Symbol('KNOWN_RULE_TYPES');

/** An error for each unknown type, in the field `rule_types`. */
export function ruleTypeProblems(given: readonly string[], known: readonly string[]): FieldError[] {
  return given.flatMap((type, index) =>
    known.includes(type) ? [] : { field: `rule_types[${index}]`, message: `must be one of: ${known.join(', ')}` },
  );
}
