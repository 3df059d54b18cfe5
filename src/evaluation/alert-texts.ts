import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { EvaluatorRegistry } from '../evaluators/index.js';
import type { TechniqueScope } from '../posture/index.js';
import { hasFired, type Decision } from './decide.js';
import { AlertExplainer, type Explanation } from './explanation/alert-explainer.js';
import { RuleClaims, type ClaimedRule, type RuleDetails } from './rule-claims.js';

/** A decision on a rule, with what is said of it. */
export interface WordedDecision {
  rule: ClaimedRule;
  decision: Decision;
  /** Of a rule that fired or failed; null of one of which there is nothing to say. */
  ruleDetails: RuleDetails | null;
  /** Of a rule that fired and that counts techniques, from its second measurement on. */
  explanation: Explanation | null;
}

/** Finds out what is said of rules that fired or failed. */
@Injectable()
export class AlertTexts {
  constructor(
    private readonly claims: RuleClaims,
    private readonly explainer: AlertExplainer,
    private readonly registry: EvaluatorRegistry,
  ) {}

  /** A rule that was deleted meanwhile is left out: there is nobody left whose it is. */
  async worded(
    manager: EntityManager,
    decisions: readonly Pick<WordedDecision, 'rule' | 'decision'>[],
    now: Date,
  ): Promise<WordedDecision[]> {
    const said = decisions.filter(({ decision }) => hasFired(decision) || decision.outcome === 'error');
    const detailsByRule = await this.claims.details(
      manager,
      said.map(({ rule }) => rule),
    );
    const fired = said.filter(({ decision }) => hasFired(decision)).map(({ rule }) => rule);
    const explanations = await this.explained(manager, fired, detailsByRule, now);
    const isSaid = new Set(said.map(({ rule }) => rule.ruleId));
    return decisions.flatMap(({ rule, decision }) => {
      const ofRule = detailsByRule.get(rule.ruleId) ?? null;
      if (!ofRule && isSaid.has(rule.ruleId)) return [];
      return { rule, decision, ruleDetails: ofRule, explanation: explanations.get(rule.ruleId) ?? null };
    });
  }

  private explained(
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
