import type { AlertStatus, Severity } from '../common/alerting.js';

/**
 * The `data` of the webhook events of an alert, as it goes over the wire. Receivers depend on it: fields may be
 * added, but none is renamed or removed.
 */
export interface AlertEventData extends Record<string, unknown> {
  alert_id: string;
  rule_id: string;
  rule_name: string;
  rule_type: string;
  severity: Severity;
  title: string;
  message: string;
  /** The evidence. Its keys depend on the rule type. */
  details: Record<string, unknown>;
  /** The status after the event. */
  status: AlertStatus;
  /** The number of the event among the events of the alert, from 1. */
  sequence: number;
  /**
   * The user or API key that changed the status; absent for `alert.fired`. The name is null for one that was deleted.
   */
  actor?: { id: string; name: string | null };
  organization: { id: string; name: string };
  /** ISO 8601. */
  created_at: string;
  /** Present for the organisation of the demo only. */
  is_demo?: true;
}

/** The facts of an alert that its events contain. */
export interface AlertFacts {
  id: string;
  organizationId: string;
  ruleId: string;
  ruleName: string;
  ruleType: string;
  severity: Severity;
  title: string;
  message: string;
  details: Record<string, unknown>;
  status: AlertStatus;
  lastSequence: number;
  createdAt: Date;
}

/** The facts around an alert that its events contain. */
export interface AlertEventContext {
  organizationName: string;
  isDemo: boolean;
  /** Left out for `alert.fired`. */
  actor?: { id: string; name: string | null };
}

/** Makes the `data` of an event from the alert as it is after the event. */
export function alertEventData(
  alert: AlertFacts,
  { organizationName, isDemo, actor }: AlertEventContext,
): AlertEventData {
  return {
    alert_id: alert.id,
    rule_id: alert.ruleId,
    rule_name: alert.ruleName,
    rule_type: alert.ruleType,
    severity: alert.severity,
    title: alert.title,
    message: alert.message,
    details: alert.details,
    status: alert.status,
    sequence: alert.lastSequence,
    ...(actor ? { actor } : {}),
    organization: { id: alert.organizationId, name: organizationName },
    created_at: alert.createdAt.toISOString(),
    ...(isDemo ? { is_demo: true } : {}),
  };
}
