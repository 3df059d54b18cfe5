import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../common/ids.js';
import { RuleMeasurer, type Finding, type Measurement } from '../evaluators/index.js';
import { alertEventData, AlertWriter, type NewAlert } from '../instances/index.js';
import { AlertNotifier } from '../notifications/index.js';
import { LivePostureReader } from '../posture/index.js';
import { Tracing } from '../tracing/index.js';
import { WebhookOutbox } from '../webhooks/index.js';
import { DecisionDetails, type DetailedDecision } from './decision-details.js';
import { decide, isInCooldown } from './decide.js';
import type { Explanation } from './explanation/alert-explainer.js';
import type { ClaimedRule, RuleDetails } from './rule-claims.js';
import { FAILURES_BEFORE_NOTICE } from './rule-outcome.js';

/** A claimed rule, the decision on it, and its alert. */
export interface DecidedRule extends DetailedDecision {
  /** The alert that was opened or refreshed. */
  alertId: string | null;
}

const NOT_MEASURED: Measurement = { kind: 'failed', error: 'the rule was not measured' };

/** An alert that a pass opened, with the name of its organisation for the log. */
export interface FiredAlert extends NewAlert {
  organizationName: string;
}

/**
 * One pass over claimed rules, in the transaction that claimed them: measures, decides and writes. It sends nothing:
 * webhooks wait in the outbox for the commit.
 */
@Injectable()
export class EvaluationPass {
  constructor(
    private readonly details: DecisionDetails,
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
    const measurable = rules.filter((rule) => !isInCooldown(rule, now));
    const measurements = await this.measurer.measure(measurable, now, new LivePostureReader(manager));
    const unfinished = await this.alerts.lockUnfinished(
      manager,
      measurable.filter((rule) => mayRefresh(rule, measurements.get(rule.ruleId))),
    );
    const decisions = rules.map((rule) => {
      const measurement = measurements.get(rule.ruleId) ?? NOT_MEASURED;
      const standing = { ...rule, unfinishedAlertId: unfinished.get(rule.ruleId) ?? null };
      return { rule, decision: decide(standing, measurement, now) };
    });
    const decided: DecidedRule[] = (await this.details.withDetails(manager, decisions, now)).map((detailed) => ({
      ...detailed,
      alertId: detailed.decision.outcome === 'refreshed' ? detailed.decision.alertId : null,
    }));
    const fired: FiredAlert[] = [];
    for (const one of decided) {
      const { ruleDetails, decision } = one;
      if (ruleDetails && decision.outcome === 'fired') {
        const alert = toAlert(one, ruleDetails, decision.finding, now);
        one.alertId = alert.id;
        fired.push(alert);
      }
    }
    await this.tracing.span('evaluation write', {}, () => this.write(manager, decided, fired, now));
    return { decided, fired };
  }

  /** Notifies admins, leads and webhooks about rules that keep failing, because such a rule opens no alerts. */
  async notifyFailing(manager: EntityManager, failing: readonly DecidedRule[], now: Date): Promise<void> {
    const failures = failing.flatMap(toFailure);
    await this.notifier.notify(
      manager,
      failures.map(({ rule: { organizationId }, ruleDetails: { severity }, title, message }) => ({
        organizationId,
        alertId: null,
        event: 'rule.failing',
        severity,
        title,
        message,
        occurredAt: now,
      })),
    );
    await this.outbox.enqueue(
      manager,
      failures.map((failure) => ({
        eventId: newId(),
        organizationId: failure.rule.organizationId,
        type: 'rule.failing' as const,
        alertId: null,
        severity: failure.ruleDetails.severity,
        ruleType: failure.rule.ruleType,
        occurredAt: now,
        data: toFailingPayload(failure),
        directEndpointId: null,
      })),
    );
  }

  private async write(manager: EntityManager, decided: DecidedRule[], fired: FiredAlert[], now: Date): Promise<void> {
    const detailsByAlert = new Map(decided.map(({ ruleDetails, alertId }) => [alertId, ruleDetails]));
    await this.alerts.open(manager, fired);
    await this.alerts.refresh(
      manager,
      decided.flatMap(({ rule: { organizationId }, ruleDetails, decision, explanation }) =>
        ruleDetails && decision.outcome === 'refreshed'
          ? {
              organizationId,
              severity: ruleDetails.severity,
              ...alertTextOf(ruleDetails, decision.finding, explanation),
              alertId: decision.alertId,
              occurredAt: now,
            }
          : [],
      ),
    );
    await this.notifier.notify(
      manager,
      fired.map((alert) => ({
        ...alert,
        alertId: alert.id,
        event: 'alert.fired' as const,
        notifyInApp: detailsByAlert.get(alert.id)?.notifyInApp,
      })),
    );
    await this.outbox.enqueue(
      manager,
      fired.map((alert) => {
        const ruleDetails = detailsByAlert.get(alert.id);
        return {
          eventId: newId(),
          organizationId: alert.organizationId,
          type: 'alert.fired' as const,
          alertId: alert.id,
          sequence: 1,
          severity: alert.severity,
          ruleType: alert.ruleType,
          occurredAt: now,
          data: alertEventData(
            { ...alert, status: 'open', lastSequence: 1, createdAt: alert.occurredAt },
            { organizationName: alert.organizationName, isDemo: ruleDetails?.isDemo ?? false },
          ),
          directEndpointId: ruleDetails?.notifyWebhook ? ruleDetails.webhookId : null,
        };
      }),
    );
  }
}

function mayRefresh(rule: ClaimedRule, measurement: Measurement | undefined): boolean {
  return rule.onRepeat === 'update_open' && measurement?.kind === 'measured' && measurement.finding.breached;
}

function toAlert(
  { rule, explanation }: DecidedRule,
  ruleDetails: RuleDetails,
  finding: Finding,
  now: Date,
): FiredAlert {
  return {
    id: newId(),
    organizationId: rule.organizationId,
    organizationName: ruleDetails.organizationName,
    ruleId: rule.ruleId,
    ruleName: ruleDetails.name,
    ruleType: rule.ruleType,
    severity: ruleDetails.severity,
    ...alertTextOf(ruleDetails, finding, explanation),
    fingerprint: rule.onRepeat === 'update_open' ? 'rule' : null,
    occurredAt: now,
  };
}

function alertTextOf(
  { name }: RuleDetails,
  finding: Finding,
  explanation: Explanation | null,
): { title: string; message: string; details: Record<string, unknown> } {
  const { title, message } = finding.alert ?? {
    title: name,
    message: `${name} measured ${finding.measured} against ${finding.threshold}.`,
  };
  return { title, message, details: { ...finding.details, ...explanation } };
}

/** A rule that keeps failing, and the notice about it. */
interface RuleFailure {
  rule: ClaimedRule;
  ruleDetails: RuleDetails;
  title: string;
  message: string;
}

function toFailure({ rule, ruleDetails, decision }: DecidedRule): RuleFailure | [] {
  if (!ruleDetails || decision.outcome !== 'error') return [];
  const { name } = ruleDetails;
  return {
    rule,
    ruleDetails,
    title: `Rule ${name} keeps failing`,
    message: `${name} could not be evaluated ${FAILURES_BEFORE_NOTICE} times in a row. It opens no alerts until this is fixed: ${decision.error}`,
  };
}

/** The `data` of a `rule.failing` webhook. */
function toFailingPayload({ rule, ruleDetails, title, message }: RuleFailure): Record<string, unknown> {
  return {
    rule_id: rule.ruleId,
    rule_name: ruleDetails.name,
    rule_type: rule.ruleType,
    severity: ruleDetails.severity,
    title,
    message,
    organization: { id: rule.organizationId, name: ruleDetails.organizationName },
    ...(ruleDetails.isDemo ? { is_demo: true } : {}),
  };
}
