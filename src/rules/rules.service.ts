import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import type { OnRepeat, Severity } from '../common/alerting.js';
import { Clock } from '../common/clock.js';
import { DomainError, invalidField, notFound } from '../common/errors/index.js';
import { isUuid, newId } from '../common/ids.js';
import type { Page, PageRequest } from '../common/pagination/index.js';
import { keysetPage, queryRows, Transactions, violatesConstraint } from '../database/index.js';
import { EvaluatorRegistry } from '../evaluators/index.js';
import { ScopeChecker, type SentScope } from '../posture/index.js';
import { AlertRule } from './alert-rule.entity.js';
import { checkOwnWebhook } from './own-webhook.js';
import { RuleSchedules } from './rule-schedules.js';

/** A rule and its state. */
export interface RuleWithState {
  rule: AlertRule;
  state: { lastFiredAt: Date | null; lastEvaluatedAt: Date | null; lastError: string | null };
}

/** The writable fields of a rule. A field that is left out gets its default in a new rule, and stays in a change. */
export interface RuleChanges {
  name?: string;
  description?: string;
  severity?: Severity;
  config?: Record<string, unknown>;
  /** Null: not limited. */
  scope?: SentScope | null;
  cooldownHours?: number;
  evaluationIntervalMinutes?: number | null;
  isEnabled?: boolean;
  notifyInApp?: boolean;
  notifyWebhook?: boolean;
  webhookId?: string | null;
  onRepeat?: OnRepeat;
}

export interface NewRule extends RuleChanges {
  name: string;
  ruleType: string;
  severity: Severity;
}

const NEW_STATE: RuleWithState['state'] = { lastFiredAt: null, lastEvaluatedAt: null, lastError: null };
const WEBHOOK_KEY = 'alert_rule_organization_id_webhook_id_fkey';

/** Lists, reads and writes the rules of one organisation. */
@Injectable()
export class RulesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly registry: EvaluatorRegistry,
    private readonly scopes: ScopeChecker,
    private readonly schedules: RuleSchedules,
    private readonly clock: Clock,
  ) {}

  /** Oldest first. */
  async list(
    organizationId: string,
    filters: { ruleType?: string; includeDisabled: boolean },
    page: PageRequest,
  ): Promise<Page<RuleWithState>> {
    const matching = this.dataSource
      .getRepository(AlertRule)
      .createQueryBuilder('rule')
      .where('rule.organizationId = :organizationId', { organizationId });
    if (filters.ruleType !== undefined) matching.andWhere('rule.ruleType = :ruleType', { ruleType: filters.ruleType });
    if (!filters.includeDisabled) matching.andWhere('rule.isEnabled');
    const { items, ...rest } = await keysetPage(matching, 'createdAt', 'ASC', page);
    return { ...rest, items: await this.withStates(organizationId, items) };
  }

  async get(organizationId: string, id: string): Promise<RuleWithState> {
    const rule = await this.find(this.dataSource.manager, organizationId, id);
    const [withState] = await this.withStates(organizationId, [rule]);
    return withState!;
  }

  async create(organizationId: string, input: NewRule, actorId: string): Promise<RuleWithState> {
    const now = this.clock.now();
    const rule = Object.assign(new AlertRule(), {
      id: newId(),
      organizationId,
      systemKey: null,
      name: input.name,
      description: input.description ?? '',
      ruleType: input.ruleType,
      severity: input.severity,
      config: this.registry.completeConfig(input.ruleType, input.config ?? {}),
      scope: input.scope ? await this.scopes.complete(organizationId, input.scope) : null,
      cooldownHours: input.cooldownHours ?? 24,
      evaluationIntervalMinutes: input.evaluationIntervalMinutes ?? null,
      isEnabled: input.isEnabled ?? true,
      notifyInApp: input.notifyInApp ?? true,
      notifyWebhook: input.notifyWebhook ?? false,
      webhookId: input.webhookId ?? null,
      onRepeat: input.onRepeat ?? 'new_instance',
      createdBy: actorId,
      createdAt: now,
      updatedAt: now,
      version: 1,
    } satisfies AlertRule);
    this.registry.checkScope(rule.ruleType, rule.config, rule.scope);
    checkOwnWebhook(rule);
    await this.write(async (manager) => {
      if (rule.isEnabled) await this.schedules.makeDue(manager, rule);
      await manager.insert(AlertRule, rule);
      await this.schedules.begin(manager, rule);
    });
    return { rule, state: NEW_STATE };
  }

  /** A changed rule that is enabled is due at once, and with it all rules of its schedule. */
  async change(organizationId: string, id: string, changes: RuleChanges, sentType?: string): Promise<RuleWithState> {
    const scope = changes.scope ? await this.scopes.complete(organizationId, changes.scope) : changes.scope;
    await this.write(async (manager) => {
      const rule = await this.find(manager, organizationId, id, true);
      if (sentType !== undefined && sentType !== rule.ruleType) {
        throw invalidField('rule_type', `cannot be changed from ${rule.ruleType}; create another rule instead`);
      }
      const { config, ...rest } = changes;
      const given = Object.fromEntries(Object.entries({ ...rest, scope }).filter(([, value]) => value !== undefined));
      checkOwnWebhook({ ...rule, ...given }, rule);
      Object.assign(rule, given, { updatedAt: this.clock.now(), version: rule.version + 1 });
      if (config || scope) {
        const complete = this.registry.changedConfig(rule.ruleType, rule.config, config ?? {});
        this.registry.checkScope(rule.ruleType, complete, rule.scope);
        if (config) rule.config = complete;
      }
      // The schedule is locked before the state, in the same order as in a pass.
      if (rule.isEnabled) await this.schedules.makeDue(manager, rule);
      await this.schedules.detachFromSchedule(manager, rule);
      await manager.save(AlertRule, rule);
    });
    return this.get(organizationId, id);
  }

  /**
   * Deletes a rule. Its alerts stay.
   * @throws DomainError `system_rule` for a system rule, which can only be disabled.
   */
  async delete(organizationId: string, id: string): Promise<void> {
    await this.transactions.run(async (manager) => {
      const rule = await this.find(manager, organizationId, id, true);
      if (rule.systemKey !== null) {
        throw new DomainError(
          'system_rule',
          `${rule.name} is a system rule and cannot be deleted; disable it instead: PATCH {"is_enabled": false}`,
        );
      }
      await manager.delete(AlertRule, { organizationId, id });
    });
  }

  private async find(manager: EntityManager, organizationId: string, id: string, lock = false): Promise<AlertRule> {
    const rule = isUuid(id)
      ? await manager.findOne(AlertRule, {
          where: { organizationId, id },
          ...(lock ? { lock: { mode: 'pessimistic_write' as const } } : {}),
        })
      : null;
    if (!rule) throw notFound('rule', id);
    return rule;
  }

  private async withStates(organizationId: string, rules: AlertRule[]): Promise<RuleWithState[]> {
    const states = await queryRows<{
      rule_id: string;
      last_fired_at: Date | null;
      last_evaluated_at: Date | null;
      last_error: string | null;
    }>(
      this.dataSource,
      'SELECT rule_id, last_fired_at, last_evaluated_at, last_error FROM rule_standing WHERE organization_id = $1 AND rule_id = ANY ($2::uuid[])',
      [organizationId, rules.map(({ id }) => id)],
    );
    const byRule = new Map(states.map((state) => [state.rule_id, state]));
    return rules.map((rule) => {
      const state = byRule.get(rule.id);
      return {
        rule,
        state: state
          ? { lastFiredAt: state.last_fired_at, lastEvaluatedAt: state.last_evaluated_at, lastError: state.last_error }
          : NEW_STATE,
      };
    });
  }

  private async write(work: (manager: EntityManager) => Promise<void>): Promise<void> {
    try {
      await this.transactions.run(work);
    } catch (error) {
      throw violatesConstraint(error, WEBHOOK_KEY)
        ? invalidField('webhook_id', 'must be the id of a webhook of this organisation, or null')
        : error;
    }
  }
}
