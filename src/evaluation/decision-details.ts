import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { EvaluatorRegistry } from '../evaluators/index.js';
import type { TechniqueScope } from '../posture/index.js';
import type { Decision } from './decide.js';
import { hasFired } from './rule-outcome.js';
import { AlertExplainer, type Explanation } from './explanation/alert-explainer.js';
import { RuleClaims, type ClaimedRule, type RuleDetails } from './rule-claims.js';

/** A decision on a rule, with the facts that its alert or its notice needs. */
export interface DetailedDecision {
  rule: ClaimedRule;
  decision: Decision;
  /** Set for a rule that fired or failed; null otherwise. */
  ruleDetails: RuleDetails | null;
  /** Set for a rule that fired and counts techniques, from its second measurement on. */
  explanation: Explanation | null;
}

/** Reads the facts that the alerts and notices of rules need. */
@Injectable()
export class DecisionDetails {
  constructor(
    private readonly claims: RuleClaims,
    private readonly explainer: AlertExplainer,
    private readonly registry: EvaluatorRegistry,
  ) {}

  /** Leaves out rules that were deleted meanwhile: their alerts would have no rule. */
  async withDetails(
    manager: EntityManager,
    decisions: readonly Pick<DetailedDecision, 'rule' | 'decision'>[],
    now: Date,
  ): Promise<DetailedDecision[]> {
    const reported = decisions.filter(({ decision }) => hasFired(decision.outcome) || decision.outcome === 'error');
    const detailsByRule = await this.claims.details(
      manager,
      reported.map(({ rule }) => rule),
    );
    const fired = reported.filter(({ decision }) => hasFired(decision.outcome)).map(({ rule }) => rule);
    const explanations = await this.explain(manager, fired, detailsByRule, now);
    const isReported = new Set(reported.map(({ rule }) => rule.ruleId));
    return decisions.flatMap(({ rule, decision }) => {
      const ofRule = detailsByRule.get(rule.ruleId) ?? null;
      if (!ofRule && isReported.has(rule.ruleId)) return [];
      return { rule, decision, ruleDetails: ofRule, explanation: explanations.get(rule.ruleId) ?? null };
    });
  }

  private explain(
    manager: EntityManager,
    rules: readonly ClaimedRule[],
    detailsByRule: ReadonlyMap<string, RuleDetails>,
    now: Date,
  ): Promise<Map<string, Explanation>> {
    const measuredBefore = rules.flatMap((rule) => {
      const since = detailsByRule.get(rule.ruleId)?.measuredBefore;
      const { ruleId, organizationId, ruleType } = rule;
      if (!since) return [];
      const config = this.registry.completeConfig(ruleType, JSON.parse(rule.config));
      const scope = rule.scope === null ? null : (JSON.parse(rule.scope) as TechniqueScope);
      return { ruleId, organizationId, ruleType, config, scope, since };
    });
    return this.explainer.explain(manager, measuredBefore, now);
  }
}
