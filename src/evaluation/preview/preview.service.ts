import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { invalidField } from '../../common/errors/index.js';
import { newId } from '../../common/ids.js';
import { queryRows, Transactions } from '../../database/index.js';
import { RuleMeasurer, type Finding, type Measurement } from '../../evaluators/index.js';
import { RuleAlerts } from '../../instances/index.js';
import { AsOfPostureReader, knownSince, LivePostureReader } from '../../posture/index.js';
import { cooldownEnd, decide, isInCooldown, type RuleStanding } from '../decide.js';
import type { Outcome } from '../rule-outcome.js';
import { AudiencePreview, type PreviewedAudience } from './audience-preview.js';
import { TrialRules, type TrialInput, type TrialRule } from './trial-rules.js';

/** The result that an evaluation of a rule would have. */
export interface Preview {
  at: Date;
  rule: TrialRule;
  outcome: Outcome;
  /** When the current cooldown ends; null without a cooldown. */
  cooldownUntil: Date | null;
  /** Present during a cooldown too; null if measuring failed. */
  finding: Finding | null;
  error: string | null;
  audience: PreviewedAudience;
  /** When the complete history of the posture begins; null for an evaluation now, or without a history. */
  knownSince: Date | null;
}

const STATEMENT_TIMEOUT_MS = 10_000;

/** Evaluates a rule by the steps of the engine, without the writing: see `EvaluationPass`. */
@Injectable()
export class PreviewService {
  constructor(
    private readonly transactions: Transactions,
    private readonly trials: TrialRules,
    private readonly measurer: RuleMeasurer,
    private readonly alerts: RuleAlerts,
    private readonly audience: AudiencePreview,
    private readonly clock: Clock,
  ) {}

  /**
   * The rule need not be enabled. Writes nothing.
   * @param at the instant of the posture; left out: now.
   * @throws DomainError `invalid_input` or `not_found`, as for a saved rule.
   */
  async preview(organizationId: string, input: TrialInput, at?: Date): Promise<Preview> {
    const now = this.clock.now();
    if (at && at > now) throw invalidField('at', `must not lie in the future; it is ${now.toISOString()}`);
    const rule = await this.trials.resolve(organizationId, input);
    return this.transactions.run(async (manager) => {
      await manager.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      await manager.query(`SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
      const reader = at ? new AsOfPostureReader(manager, at) : new LivePostureReader(manager);
      const instant = at ?? now;
      const measurement = await this.measure(rule, instant, reader);
      const standing = await this.standing(manager, rule, instant, at !== undefined);
      const decision = decide(standing, measurement, instant);
      return {
        at: instant,
        rule,
        outcome: decision.outcome,
        cooldownUntil: isInCooldown(standing, instant) ? cooldownEnd(standing, instant) : null,
        finding: measurement.kind === 'measured' ? measurement.finding : null,
        error: measurement.kind === 'failed' ? measurement.error : null,
        audience: await this.audience.of(manager, rule),
        knownSince: at ? await knownSince(manager, organizationId) : null,
      };
    });
  }

  private async measure(rule: TrialRule, at: Date, reader: LivePostureReader): Promise<Measurement> {
    const { organizationId, ruleType } = rule;
    const ruleId = rule.ruleId ?? newId();
    const scope = rule.scope && JSON.stringify(rule.scope);
    const stored = { ruleId, organizationId, ruleType, config: JSON.stringify(rule.config), scope };
    return (await this.measurer.measure([stored], at, reader)).get(ruleId)!;
  }

  private async standing(manager: EntityManager, rule: TrialRule, at: Date, isPast: boolean): Promise<RuleStanding> {
    const { cooldownHours, onRepeat, organizationId, ruleId } = rule;
    if (ruleId === null) return { cooldownHours, onRepeat, lastFiredAt: null, unfinishedAlertId: null };
    const then = await this.alerts.at(manager, organizationId, ruleId, at);
    if (isPast) return { cooldownHours, onRepeat, ...then };
    const [state] = await queryRows<{ last_occasion: string | null }>(
      manager,
      'SELECT last_occasion FROM rule_state WHERE organization_id = $1 AND rule_id = $2',
      [organizationId, ruleId],
    );
    const lastOccasion = state?.last_occasion ?? null;
    return { cooldownHours, onRepeat, ...then, lastFiredAt: rule.lastFiredAt, lastOccasion };
  }
}
