import { Injectable } from '@nestjs/common';
import type { OnRepeat, Severity } from '../../common/alerting.js';
import { invalidField } from '../../common/errors/index.js';
import { EvaluatorRegistry, type RuleConfig } from '../../evaluators/index.js';
import { ScopeChecker, type SentScope, type TechniqueScope } from '../../posture/index.js';
import { checkOwnWebhook, RulesService } from '../../rules/index.js';

/** A rule to try without saving it. */
export interface TrialRule {
  organizationId: string;
  /** Null for a rule that was never saved. */
  ruleId: string | null;
  ruleType: string;
  /** Complete. */
  config: RuleConfig;
  scope: TechniqueScope | null;
  severity: Severity;
  cooldownHours: number;
  onRepeat: OnRepeat;
  notifyInApp: boolean;
  notifyWebhook: boolean;
  webhookId: string | null;
  /** Null for a new rule. */
  lastFiredAt: Date | null;
}

/** A new rule, or a saved one and the changes to try. */
export interface TrialInput {
  ruleId?: string;
  ruleType?: string;
  config?: Record<string, unknown>;
  /** Null: not limited. */
  scope?: SentScope | null;
  severity?: Severity;
  cooldownHours?: number;
  onRepeat?: OnRepeat;
  notifyInApp?: boolean;
  notifyWebhook?: boolean;
  webhookId?: string | null;
}

type Settings = Omit<TrialRule, 'organizationId' | 'config' | 'ruleType' | 'ruleId'>;

/**
 * The defaults of a new rule. Creating a rule has no default severity; here it only decides who would get the alert.
 */
const NEW: Settings = {
  scope: null,
  severity: 'medium',
  cooldownHours: 24,
  onRepeat: 'new_instance',
  notifyInApp: true,
  notifyWebhook: false,
  webhookId: null,
  lastFiredAt: null,
};

@Injectable()
export class TrialRules {
  constructor(
    private readonly rules: RulesService,
    private readonly registry: EvaluatorRegistry,
    private readonly scopes: ScopeChecker,
  ) {}

  /** @throws DomainError `not_found` for an unknown rule, `invalid_input` naming the invalid field. */
  async resolve(organizationId: string, input: TrialInput): Promise<TrialRule> {
    const { ruleId, ruleType, config = {}, ...given } = input;
    const scope = input.scope ? await this.scopes.complete(organizationId, input.scope) : input.scope;
    const changes = Object.fromEntries(Object.entries({ ...given, scope }).filter(([, value]) => value !== undefined));
    if (ruleId === undefined) {
      if (ruleType === undefined) {
        throw invalidField('rule_type', 'must be given for a new rule; for a saved rule, give rule_id');
      }
      const complete = this.registry.completeConfig(ruleType, config);
      return this.checked({ organizationId, ruleId: null, ruleType, config: complete, ...NEW, ...changes });
    }
    const { rule, state } = await this.rules.get(organizationId, ruleId);
    if (ruleType !== undefined && ruleType !== rule.ruleType) {
      throw invalidField('rule_type', `cannot be changed from ${rule.ruleType}; try a new rule instead`);
    }
    const saved: Settings = {
      scope: rule.scope,
      severity: rule.severity,
      cooldownHours: rule.cooldownHours,
      onRepeat: rule.onRepeat,
      notifyInApp: rule.notifyInApp,
      notifyWebhook: rule.notifyWebhook,
      webhookId: rule.webhookId,
      lastFiredAt: state.lastFiredAt,
    };
    const complete = this.registry.changedConfig(rule.ruleType, rule.config, config);
    return this.checked(
      { organizationId, ruleId: rule.id, ruleType: rule.ruleType, config: complete, ...saved, ...changes },
      saved,
    );
  }

  private checked(rule: TrialRule, saved?: Settings): TrialRule {
    this.registry.checkScope(rule.ruleType, rule.config, rule.scope);
    checkOwnWebhook(rule, saved);
    return rule;
  }
}
