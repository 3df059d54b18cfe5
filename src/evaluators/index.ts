export * from './evaluator.js';
export { EvaluatorRegistry } from './evaluator-registry.js';
export * from './evaluators.module.js';
export * from './measure-in-scope.js';
export type { FailedMeasurement, Measurement } from './measure-rules.js';
export { RuleMeasurer, type StoredRule } from './rule-measurer.js';
