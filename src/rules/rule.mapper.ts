import { invalidInput } from '../common/errors/index.js';
import { fieldsOf, unknownFieldMessage } from '../common/http/index.js';
import { toIso } from '../common/wire.js';
import { CreateRuleRequest, type UpdateRuleRequest } from './rule.dto.js';
import type { RuleResponse } from './rule.response.js';
import type { RuleChanges, RuleWithState } from './rules.service.js';

export function toRuleResponse({ rule, state }: RuleWithState): RuleResponse {
  return {
    id: rule.id,
    name: rule.name,
    description: rule.description,
    rule_type: rule.ruleType,
    severity: rule.severity,
    config: rule.config,
    scope: rule.scope,
    cooldown_hours: rule.cooldownHours,
    evaluation_interval_minutes: rule.evaluationIntervalMinutes,
    is_enabled: rule.isEnabled,
    is_system: rule.systemKey !== null,
    notify_in_app: rule.notifyInApp,
    notify_webhook: rule.notifyWebhook,
    webhook_id: rule.webhookId,
    on_repeat: rule.onRepeat,
    last_fired_at: toIso(state.lastFiredAt),
    last_evaluated_at: toIso(state.lastEvaluatedAt),
    last_error: state.lastError,
    created_by: rule.createdBy,
    created_at: toIso(rule.createdAt),
    updated_at: toIso(rule.updatedAt),
  };
}

export function toRuleChanges(body: CreateRuleRequest | UpdateRuleRequest): RuleChanges {
  return {
    name: body.name,
    description: body.description,
    severity: body.severity,
    config: configOf(body),
    scope: body.scope,
    cooldownHours: body.cooldown_hours,
    evaluationIntervalMinutes: body.evaluation_interval_minutes,
    isEnabled: body.is_enabled,
    notifyInApp: body.notify_in_app,
    notifyWebhook: body.notify_webhook,
    webhookId: body.webhook_id,
    onRepeat: body.on_repeat,
  };
}

/**
 * The settings of the type.
 * @throws DomainError `invalid_input` on each field of the rule that was sent as a setting.
 */
export function configOf({ config }: { config?: Record<string, unknown> }): Record<string, unknown> | undefined {
  const fields = fieldsOf(CreateRuleRequest);
  const misplaced = Object.keys(config ?? {}).filter((name) => fields.includes(name));
  if (misplaced.length === 0) return config;
  throw invalidInput(
    misplaced.map((name) => {
      const field = `config.${name}`;
      return { field, message: unknownFieldMessage(CreateRuleRequest, field) };
    }),
  );
}
