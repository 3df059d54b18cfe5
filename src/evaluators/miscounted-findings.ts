/** A fault of the evaluator and not of one rule, so that measuring one rule at a time would not mend it. */
export class MiscountedFindings extends Error {}
