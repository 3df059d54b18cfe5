import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../common/ids.js';
import { RuleMeasurer, type Finding, type Measurement } from '../evaluators/index.js';
import { AlertWriter, type NewAlert } from '../instances/index.js';
import { AlertNotifier } from '../notifications/index.js';
import { LivePostureReader } from '../posture/index.js';
import { Tracing } from '../tracing/index.js';
import { WebhookOutbox } from '../webhooks/index.js';
import { decide, isInCooldown, type Decision } from './decide.js';
import type { ClaimedRule } from './rule-claims.js';
import { FAILURES_BEFORE_TELLING } from './rule-outcome.js';

/** A claimed rule and what was decided on it. */
export interface DecidedRule {
  rule: ClaimedRule;
  decision: Decision;
  /** The alert that was opened or refreshed. */
  alertId: string | null;
}

/** What opened in a pass, for whoever prints or answers it. */
export interface FiredAlert extends NewAlert {
  organizationName: string;
}

/**
 * One pass over claimed rules inside the claiming transaction: measure, decide, write. Nothing is sent: webhooks wait in the outbox for the commit.
 */
@Injectable()
export class EvaluationPass {
  constructor(
    private readonly measurer: RuleMeasurer,
    private readonly alerts: AlertWriter,
    private readonly notifier: AlertNotifier,
    private readonly outbox: WebhookOutbox,
    private readonly tracing: Tracing,
  ) {}

  async run(
    manager: EntityManager,
    rules: readonly ClaimedRule[],
    now: Date,
  ): Promise<{ decided: DecidedRule[]; fired: FiredAlert[] }> {
    const awake = rules.filter((rule) => !isInCooldown(rule, now));
    const measurements = await this.measurer.measure(awake, now, new LivePostureReader(manager));
    const unfinished = await this.alerts.lockUnfinished(
      manager,
      awake.filter((rule) => mayRefresh(rule, measurements.get(rule.ruleId))),
    );
    const fired: FiredAlert[] = [];
    const decided = rules.map((rule): DecidedRule => {
      const measurement = measurements.get(rule.ruleId) ?? {
        kind: 'failed' as const,
        error: 'the rule was not measured',
      };
      const decision = decide({ ...rule, unfinishedAlertId: unfinished.get(rule.ruleId) ?? null }, measurement, now);
      const alert = decision.outcome === 'fired' ? toAlert(rule, decision.finding, now) : null;
      if (alert) fired.push(alert);
      return { rule, decision, alertId: alert?.id ?? (decision.outcome === 'refreshed' ? decision.alertId : null) };
    });
    await this.tracing.span('evaluation write', {}, () => this.write(manager, decided, fired, now));
    return { decided, fired };
  }

  /** Tells admins and leads, and webhooks, of rules that keep failing: a rule that cannot be measured guards nothing. */
  async tellOfFailing(manager: EntityManager, failing: readonly DecidedRule[], now: Date): Promise<void> {
    const told = failing.map(({ rule, decision }) => ({
      rule,
      title: `Rule ${rule.name} keeps failing`,
      message: `${rule.name} could not be evaluated ${FAILURES_BEFORE_TELLING} times in a row and guards nothing until it is mended: ${
        decision.outcome === 'error' ? decision.error : ''
      }`,
    }));
    await this.notifier.notify(
      manager,
      told.map(({ rule: { organizationId, severity }, ...words }) => ({
        ...words,
        organizationId,
        alertId: null,
        event: 'rule.failing',
        severity,
        occurredAt: now,
      })),
    );
    await this.outbox.enqueue(
      manager,
      told.map(({ rule, ...words }) => ({
        eventId: newId(),
        organizationId: rule.organizationId,
        type: 'rule.failing' as const,
        alertId: null,
        severity: rule.severity,
        ruleType: rule.ruleType,
        occurredAt: now,
        data: toFailingPayload(rule, words),
        directEndpointId: null,
      })),
    );
  }

  private async write(manager: EntityManager, decided: DecidedRule[], fired: FiredAlert[], now: Date): Promise<void> {
    const ruleOf = new Map(decided.map(({ rule, alertId }) => [alertId, rule]));
    await this.alerts.open(manager, fired);
    await this.alerts.refresh(
      manager,
      decided.flatMap(({ rule, decision }) =>
        decision.outcome === 'refreshed'
          ? { ...rule, ...wordsOf(rule, decision.finding), alertId: decision.alertId, occurredAt: now }
          : [],
      ),
    );
    await this.notifier.notify(
      manager,
      fired
        .filter(({ id }) => ruleOf.get(id)?.notifyInApp)
        .map((alert) => ({ ...alert, alertId: alert.id, event: 'alert.fired' as const })),
    );
    await this.outbox.enqueue(
      manager,
      fired.map((alert) => {
        const rule = ruleOf.get(alert.id);
        return {
          eventId: newId(),
          organizationId: alert.organizationId,
          type: 'alert.fired' as const,
          alertId: alert.id,
          sequence: 1,
          severity: alert.severity,
          ruleType: alert.ruleType,
          occurredAt: now,
          data: toPayload(alert, rule?.isDemo ?? false),
          directEndpointId: rule?.notifyWebhook ? rule.webhookId : null,
        };
      }),
    );
  }
}

function mayRefresh(rule: ClaimedRule, measurement: Measurement | undefined): boolean {
  return rule.onRepeat === 'update_open' && measurement?.kind === 'measured' && measurement.finding.breached;
}

function toAlert(rule: ClaimedRule, finding: Finding, now: Date): FiredAlert {
  return {
    id: newId(),
    organizationId: rule.organizationId,
    organizationName: rule.organizationName,
    ruleId: rule.ruleId,
    ruleName: rule.name,
    ruleType: rule.ruleType,
    severity: rule.severity,
    ...wordsOf(rule, finding),
    fingerprint: rule.onRepeat === 'update_open' ? 'rule' : null,
    occurredAt: now,
  };
}

function wordsOf(
  rule: ClaimedRule,
  finding: Finding,
): { title: string; message: string; details: Record<string, unknown> } {
  const { title, message } = finding.alert ?? {
    title: rule.name,
    message: `${rule.name} measured ${finding.measured} against ${finding.threshold}.`,
  };
  return { title, message, details: finding.details };
}

/** The `data` of an `alert.fired` webhook, in snake_case as it goes over the wire. */
function toPayload(alert: FiredAlert, isDemo: boolean): Record<string, unknown> {
  return {
    alert_id: alert.id,
    rule_id: alert.ruleId,
    rule_name: alert.ruleName,
    rule_type: alert.ruleType,
    severity: alert.severity,
    title: alert.title,
    message: alert.message,
    details: alert.details,
    status: 'open',
    sequence: 1,
    organization: { id: alert.organizationId, name: alert.organizationName },
    created_at: alert.occurredAt.toISOString(),
    ...(isDemo ? { is_demo: true } : {}),
  };
}

/** The `data` of a `rule.failing` webhook. */
function toFailingPayload(rule: ClaimedRule, words: { title: string; message: string }): Record<string, unknown> {
  return {
    rule_id: rule.ruleId,
    rule_name: rule.name,
    rule_type: rule.ruleType,
    severity: rule.severity,
    ...words,
    organization: { id: rule.organizationId, name: rule.organizationName },
    ...(rule.isDemo ? { is_demo: true } : {}),
  };
}
