import { Injectable } from '@nestjs/common';
import { DomainError } from '../common/errors/index.js';
import type { PostureReader } from '../posture/index.js';
import { Tracing } from '../tracing/index.js';
import { EvaluatorRegistry } from './evaluator-registry.js';
import type { RuleToMeasure } from './evaluator.js';
import { failed, measureRules, type FailedMeasurement, type Measurement } from './measure-rules.js';

/** A rule as it is stored: its type may be gone and its config may not be valid any more. */
export interface StoredRule {
  ruleId: string;
  organizationId: string;
  ruleType: string;
  config: unknown;
}

/** Measures rules of any types and organisations, one statement a type. */
@Injectable()
export class RuleMeasurer {
  constructor(
    private readonly registry: EvaluatorRegistry,
    private readonly tracing: Tracing,
  ) {}

  /** @returns a measurement for every rule, by its id. A rule that cannot be measured is a failed measurement and touches no other. */
  async measure(rules: readonly StoredRule[], at: Date, reader: PostureReader): Promise<Map<string, Measurement>> {
    const measurements = new Map<string, Measurement>();
    const byType = new Map<string, RuleToMeasure<Record<string, number>>[]>();
    for (const { ruleId, organizationId, ruleType, config } of rules) {
      const complete = this.completeConfig(ruleType, config);
      if ('kind' in complete) {
        measurements.set(ruleId, complete);
        continue;
      }
      const ofType = byType.get(ruleType) ?? [];
      ofType.push({ ruleId, organizationId, config: complete.config });
      byType.set(ruleType, ofType);
    }
    for (const [type, ofType] of byType) {
      const attributes = { 'vedette.rule.type': type, 'vedette.evaluation.rules': ofType.length };
      const measured = await this.tracing.span('evaluation measure', { attributes }, () =>
        measureRules(this.registry.get(type), ofType, at, reader),
      );
      ofType.forEach(({ ruleId }, index) => measurements.set(ruleId, measured[index]!));
    }
    return measurements;
  }

  private completeConfig(ruleType: string, config: unknown): { config: Record<string, number> } | FailedMeasurement {
    try {
      return { config: this.registry.completeConfig(ruleType, config) };
    } catch (error) {
      if (error instanceof DomainError) return failed(error);
      throw error;
    }
  }
}
