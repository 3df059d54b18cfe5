/** A fault of the evaluator, not of one rule. Measuring one rule at a time would not help. */
export class MiscountedFindings extends Error {}
