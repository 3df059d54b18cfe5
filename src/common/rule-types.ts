import type { FieldError } from './errors/index.js';

/**
 * What `readonly string[]` is injected by: the rule types that this process knows, in the order in which users see them. The module of the evaluators provides it,
 * so that whoever takes the name of a type need not import what rules are made of.
 */
export const KNOWN_RULE_TYPES = Symbol('KNOWN_RULE_TYPES');

/** A fault for each of the given types that is unknown, in a field `rule_types`. */
export function ruleTypeProblems(given: readonly string[], known: readonly string[]): FieldError[] {
  return given.flatMap((type, index) =>
    known.includes(type) ? [] : { field: `rule_types[${index}]`, message: `must be one of: ${known.join(', ')}` },
  );
}
