import { Injectable } from '@nestjs/common';
import { BoundedCache } from '../common/bounded-cache.js';
import { DomainError } from '../common/errors/index.js';
import type { PostureReader, TechniqueScope } from '../posture/index.js';
import { Tracing } from '../tracing/index.js';
import { EvaluatorRegistry } from './evaluator-registry.js';
import type { RuleConfig } from './evaluator.js';
import type { RuleInScope } from './measure-in-scope.js';
import { failed, measureAll, measureRules, type FailedMeasurement, type Measurement } from './measure-rules.js';

/** A rule as stored. Its type may no longer exist, and its config may no longer be valid. */
export interface StoredRule {
  ruleId: string;
  organizationId: string;
  ruleType: string;
  /** JSON text. */
  config: string;
  /** JSON text; null for a rule without a scope. */
  scope: string | null;
}

type CompleteConfig = { config: Readonly<RuleConfig> };

type MeasuredRule = RuleInScope<RuleConfig>;

/** How many different configs, and how many scopes, are kept. Rules of thousands of organisations share a few. */
const MAX_CACHED_CONFIGS = 2_000;

/** Measures rules of any types and organisations, one statement a type. */
@Injectable()
export class RuleMeasurer {
  private readonly configs = new BoundedCache<CompleteConfig | FailedMeasurement>(MAX_CACHED_CONFIGS);
  private readonly scopes = new BoundedCache<TechniqueScope>(MAX_CACHED_CONFIGS);

  constructor(
    private readonly registry: EvaluatorRegistry,
    private readonly tracing: Tracing,
  ) {}

  /**
   * @returns a measurement for every rule, by its id. A rule that cannot be measured is a failed measurement and
   * affects no other.
   */
  async measure(rules: readonly StoredRule[], at: Date, reader: PostureReader): Promise<Map<string, Measurement>> {
    const measurements = new Map<string, Measurement>();
    const byType = new Map<string, MeasuredRule[]>();
    for (const { ruleId, organizationId, ruleType, config, scope } of rules) {
      const complete = this.completeConfig(ruleType, config);
      if ('kind' in complete) {
        measurements.set(ruleId, complete);
        continue;
      }
      const ofType = byType.get(ruleType) ?? [];
      ofType.push({ ruleId, organizationId, config: complete.config, scope: this.scope(scope) });
      byType.set(ruleType, ofType);
    }
    for (const [ruleId, measurement] of await this.measureTypes(byType, at, reader)) {
      measurements.set(ruleId, measurement);
    }
    return measurements;
  }

  /**
   * All types share one savepoint, which saves two round trips a type. If a statement fails, each type is measured
   * again within its own.
   */
  private async measureTypes(byType: RulesByType, at: Date, reader: PostureReader): Promise<[string, Measurement][]> {
    const measureSeparately = (): Promise<[string, Measurement][]> =>
      this.measureEach(byType, (type, rules) => measureRules(this.registry.get(type), rules, at, reader));
    if (byType.size < 2) return measureSeparately();
    try {
      return await reader.isolated(() =>
        this.measureEach(byType, (type, rules) => measureAll(this.registry.get(type), rules, at, reader)),
      );
    } catch {
      return measureSeparately();
    }
  }

  private async measureEach(
    byType: RulesByType,
    measure: (type: string, rules: MeasuredRule[]) => Promise<Measurement[]>,
  ): Promise<[string, Measurement][]> {
    const measurements: [string, Measurement][] = [];
    for (const [type, rules] of byType) {
      const attributes = { 'vedette.rule.type': type, 'vedette.evaluation.rules': rules.length };
      const measured = await this.tracing.span('evaluation measure', { attributes }, () => measure(type, rules));
      rules.forEach(({ ruleId }, index) => measurements.push([ruleId, measured[index]!]));
    }
    return measurements;
  }

  /** Parsed and validated once for each text. The result is shared and frozen. */
  private completeConfig(ruleType: string, config: string): CompleteConfig | FailedMeasurement {
    return this.configs.get(`${ruleType} ${config}`, () => this.checkConfig(ruleType, config));
  }

  private scope(text: string | null): TechniqueScope | null {
    return text === null ? null : this.scopes.get(text, () => JSON.parse(text) as TechniqueScope);
  }

  private checkConfig(ruleType: string, config: string): CompleteConfig | FailedMeasurement {
    try {
      return { config: Object.freeze(this.registry.completeConfig(ruleType, JSON.parse(config) as unknown)) };
    } catch (error) {
      if (error instanceof DomainError) return failed(error);
      throw error;
    }
  }
}

type RulesByType = ReadonlyMap<string, MeasuredRule[]>;
