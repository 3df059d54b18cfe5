import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { AlertStatus, Severity } from '../common/alerting.js';

/**
 * A change of the number of alerts of a kind. The number is the sum of its rows. Triggers of `alert_instance` write
 * the rows, and retention folds them.
 */
@Entity('alert_count')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Index('alert_count_organization_id_idx', { synchronize: false })
export class AlertCount {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'text' })
  status: AlertStatus;

  @Column({ type: 'text' })
  severity: Severity;

  @Column({ type: 'text' })
  ruleType: string;

  @Column({ type: 'uuid' })
  ruleId: string;

  @Column({ type: 'bigint' })
  count: string;
}
