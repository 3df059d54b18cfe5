import { Global, Module } from '@nestjs/common';
import { KNOWN_RULE_TYPES } from '../common/rule-types.js';
import { CoverageRegressionEvaluator } from './coverage-regression/coverage-regression.evaluator.js';
import { EvaluatorRegistry } from './evaluator-registry.js';
import { EVALUATORS, type Evaluator } from './evaluator.js';
import { ExpiryWaveEvaluator } from './expiry-wave/expiry-wave.evaluator.js';
import { HighRiskEvaluator } from './high-risk/high-risk.evaluator.js';
import { LowCoverageEvaluator } from './low-coverage/low-coverage.evaluator.js';
import { NewTechniqueEvaluator } from './new-technique/new-technique.evaluator.js';
import { OrphanSpikeEvaluator } from './orphan-spike/orphan-spike.evaluator.js';
import { RuleMeasurer } from './rule-measurer.js';
import { StaleTechniqueEvaluator } from './stale-technique/stale-technique.evaluator.js';

/** The rule types, in the order of the user interface. A new type needs a folder in this module and a line here. */
const EVALUATOR_CLASSES = [
  HighRiskEvaluator,
  StaleTechniqueEvaluator,
  CoverageRegressionEvaluator,
  LowCoverageEvaluator,
  ExpiryWaveEvaluator,
  NewTechniqueEvaluator,
  OrphanSpikeEvaluator,
];

/** Global only for `KNOWN_RULE_TYPES`. Modules above this one import its other exports explicitly. */
@Global()
@Module({
  providers: [
    ...EVALUATOR_CLASSES,
    { provide: EVALUATORS, useFactory: (...evaluators: Evaluator[]) => evaluators, inject: EVALUATOR_CLASSES },
    EvaluatorRegistry,
    {
      provide: KNOWN_RULE_TYPES,
      useFactory: (registry: EvaluatorRegistry) => registry.definitions().map(({ type }) => type),
      inject: [EvaluatorRegistry],
    },
    RuleMeasurer,
  ],
  exports: [EvaluatorRegistry, KNOWN_RULE_TYPES, RuleMeasurer],
})
export class EvaluatorsModule {}
