import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { AlertStatus, Severity } from '../common/alerting.js';

/** An alert: one firing of a rule, with the facts of the rule at that time. */
@Entity('alert_instance')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Unique(['organizationId', 'id'])
@Index('alert_instance_newest_idx', ['organizationId', 'createdAt', 'id'])
@Index('alert_instance_status_idx', ['organizationId', 'status', 'createdAt', 'id'])
@Index('alert_instance_rule_idx', ['organizationId', 'ruleId', 'status', 'severity', 'createdAt', 'id'])
@Index('alert_instance_kind_idx', ['organizationId', 'ruleType', 'severity', 'status', 'createdAt', 'id'])
@Index('alert_instance_fingerprint_idx', { synchronize: false })
@Index('alert_instance_closed_idx', { synchronize: false })
@Check('alert_instance_severity_check', `severity IN ('critical', 'high', 'medium', 'low', 'info')`)
@Check('alert_instance_status_check', `status IN ('open', 'acknowledged', 'resolved', 'dismissed')`)
export class AlertInstance {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'uuid' })
  ruleId: string;

  @Column({ type: 'text' })
  ruleName: string;

  @Column({ type: 'text' })
  ruleType: string;

  @Column({ type: 'text' })
  severity: Severity;

  @Column({ type: 'text' })
  title: string;

  @Column({ type: 'text' })
  message: string;

  @Column({ type: 'jsonb' })
  details: Record<string, unknown>;

  @Column({ type: 'text', default: 'open' })
  status: AlertStatus;

  /** Set for a rule that keeps at most one open alert (`on_repeat: update_open`). */
  @Column({ type: 'text', nullable: true })
  fingerprint: string | null;

  @Column({ type: 'integer', default: 1 })
  occurrenceCount: number;

  /** The number of the last event that was sent to webhooks. The firing is number 1. */
  @Column({ type: 'integer', default: 1 })
  lastSequence: number;

  @Column({ type: 'timestamptz' })
  lastOccurredAt: Date;

  @Column({ type: 'uuid', nullable: true })
  acknowledgedBy: string | null;

  @Column({ type: 'timestamptz', nullable: true })
  acknowledgedAt: Date | null;

  @Column({ type: 'uuid', nullable: true })
  resolvedBy: string | null;

  @Column({ type: 'timestamptz', nullable: true })
  resolvedAt: Date | null;

  @Column({ type: 'uuid', nullable: true })
  dismissedBy: string | null;

  @Column({ type: 'timestamptz', nullable: true })
  dismissedAt: Date | null;

  @Column({ type: 'timestamptz' })
  createdAt: Date;
}
