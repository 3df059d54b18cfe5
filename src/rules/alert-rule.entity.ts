import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import type { OnRepeat, Severity } from '../common/alerting.js';
import type { TechniqueScope } from '../posture/index.js';

/** A rule as an admin or lead wrote it. Its changing state is in `rule_state`. */
@Entity('alert_rule')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@ForeignKey('WebhookEndpoint', ['organizationId', 'webhookId'], ['organizationId', 'id'], { onDelete: 'SET NULL' })
@Unique(['organizationId', 'id'])
@Unique(['organizationId', 'systemKey'])
@Index('alert_rule_organization_id_created_at_id_idx', ['organizationId', 'createdAt', 'id'])
@Index('alert_rule_webhook_id_idx', { synchronize: false })
@Check('alert_rule_severity_check', `severity IN ('critical', 'high', 'medium', 'low', 'info')`)
@Check('alert_rule_evaluation_interval_minutes_check', 'evaluation_interval_minutes BETWEEN 1 AND 10080')
@Check('alert_rule_on_repeat_check', `on_repeat IN ('new_instance', 'update_open')`)
export class AlertRule {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  organizationId: string;

  /** Identifies a system rule even after a new name; null for other rules. */
  @Column({ type: 'text', nullable: true })
  systemKey: string | null;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text', default: '' })
  description: string;

  @Column({ type: 'text' })
  ruleType: string;

  @Column({ type: 'text' })
  severity: Severity;

  @Column({ type: 'jsonb' })
  config: Record<string, unknown>;

  /** The techniques that the rule is limited to; null for all. */
  @Column({ type: 'jsonb', nullable: true })
  scope: TechniqueScope | null;

  @Column({ type: 'double precision' })
  cooldownHours: number;

  /** How often the rule is due; null follows the schedule of the deployment. */
  @Column({ type: 'integer', nullable: true })
  evaluationIntervalMinutes: number | null;

  @Column({ type: 'boolean', default: true })
  isEnabled: boolean;

  @Column({ type: 'boolean', default: true })
  notifyInApp: boolean;

  @Column({ type: 'boolean', default: false })
  notifyWebhook: boolean;

  @Column({ type: 'uuid', nullable: true })
  webhookId: string | null;

  @Column({ type: 'text', default: 'new_instance' })
  onRepeat: OnRepeat;

  @Column({ type: 'uuid', nullable: true })
  createdBy: string | null;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;

  @Column({ type: 'integer', default: 1 })
  version: number;
}
