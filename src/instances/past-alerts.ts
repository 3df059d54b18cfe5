import type { EntityManager } from 'typeorm';
import type { Severity } from '../common/alerting.js';
import { newId } from '../common/ids.js';
import { insertRecords } from '../database/index.js';

/** Who changed the status of an alert, and when. */
export interface PastStatusChange {
  by: string;
  at: Date;
}

/** An alert that fired in the past, with the changes of its status. */
export interface PastAlert {
  ruleId: string;
  ruleName: string;
  ruleType: string;
  severity: Severity;
  title: string;
  message: string;
  details: Record<string, unknown>;
  status: 'acknowledged' | 'resolved' | 'dismissed';
  createdAt: Date;
  acknowledged: PastStatusChange | null;
  resolved: PastStatusChange | null;
  dismissed: PastStatusChange | null;
}

/** Adds alerts with their dates in the past, and sends no notices. Only the generated demo may use it. */
export async function addPastAlerts(
  manager: EntityManager,
  organizationId: string,
  alerts: readonly PastAlert[],
): Promise<void> {
  await insertRecords(
    manager,
    'alert_instance',
    organizationId,
    alerts.map((alert) => ({
      id: newId(),
      rule_id: alert.ruleId,
      rule_name: alert.ruleName,
      rule_type: alert.ruleType,
      severity: alert.severity,
      title: alert.title,
      message: alert.message,
      details: alert.details,
      status: alert.status,
      occurrence_count: 1,
      last_occurred_at: alert.createdAt,
      acknowledged_by: alert.acknowledged?.by ?? null,
      acknowledged_at: alert.acknowledged?.at ?? null,
      resolved_by: alert.resolved?.by ?? null,
      resolved_at: alert.resolved?.at ?? null,
      dismissed_by: alert.dismissed?.by ?? null,
      dismissed_at: alert.dismissed?.at ?? null,
      created_at: alert.createdAt,
    })),
  );
}
