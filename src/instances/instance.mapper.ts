import { toIso } from '../common/wire.js';
import type { AlertInstance } from './alert-instance.entity.js';
import type { InstanceResponse } from './instance.response.js';

export function toInstanceResponse(alert: AlertInstance): InstanceResponse {
  return {
    id: alert.id,
    rule_id: alert.ruleId,
    rule_name: alert.ruleName,
    rule_type: alert.ruleType,
    severity: alert.severity,
    title: alert.title,
    message: alert.message,
    details: alert.details,
    status: alert.status,
    occurrence_count: alert.occurrenceCount,
    last_occurred_at: toIso(alert.lastOccurredAt),
    acknowledged_by: alert.acknowledgedBy,
    acknowledged_at: toIso(alert.acknowledgedAt),
    resolved_by: alert.resolvedBy,
    resolved_at: toIso(alert.resolvedAt),
    dismissed_by: alert.dismissedBy,
    dismissed_at: toIso(alert.dismissedAt),
    created_at: toIso(alert.createdAt),
  };
}
