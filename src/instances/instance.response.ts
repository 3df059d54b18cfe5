import { ApiProperty } from '@nestjs/swagger';
import { ALERT_STATUSES, SEVERITIES, type AlertStatus, type Severity } from '../common/alerting.js';

/** An alert: one firing of a rule, with the facts of the rule at that time. */
export class InstanceResponse {
  id: string;
  /** The rule that fired; it may have been deleted since. */
  rule_id: string;
  rule_name: string;
  rule_type: string;
  @ApiProperty({ enum: SEVERITIES })
  severity: Severity;
  title: string;
  message: string;
  /**
   * The evidence; its keys depend on the rule type. From a rule's second measurement on, `changed_since`, `entered`
   * and `left` list the techniques that changed since the measurement before, with `count`, `by_tactic` and the first
   * 50 `techniques`.
   */
  @ApiProperty({ type: 'object', additionalProperties: true })
  details: Record<string, unknown>;
  @ApiProperty({ enum: ALERT_STATUSES })
  status: AlertStatus;
  /** How often the rule fired into this alert. More than 1 only for a rule with `on_repeat: update_open`. */
  @ApiProperty({ type: 'integer' })
  occurrence_count: number;
  @ApiProperty({ format: 'date-time' })
  last_occurred_at: string;
  /** The user or API key that acknowledged it. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  acknowledged_by: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  acknowledged_at: string | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  resolved_by: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  resolved_at: string | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  dismissed_by: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  dismissed_at: string | null;
  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class InstanceListResponse {
  items: InstanceResponse[];
  /** The number of matching alerts on all pages. */
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}

/** The numbers of the organisation's alerts. */
export class InstanceSummaryResponse {
  @ApiProperty({ type: 'integer' })
  total_open: number;
  @ApiProperty({ type: 'integer' })
  total_acknowledged: number;
  @ApiProperty({ type: 'integer' })
  total_resolved: number;
  @ApiProperty({ type: 'integer' })
  total_dismissed: number;
  /** All alerts, of every status, by severity. Every severity has an entry. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' } })
  by_severity: Record<string, number>;
  /** All alerts, of every status, by rule type. Only types with alerts have an entry. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' } })
  by_rule_type: Record<string, number>;
  /** Open alerts by severity. Every severity has an entry. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' } })
  open_by_severity: Record<string, number>;
  /** Open alerts by rule type. Only types with open alerts have an entry. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'integer' } })
  open_by_rule_type: Record<string, number>;
  /** The 5 newest open alerts. */
  recent_alerts: InstanceResponse[];
}
