import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { Severity } from '../../common/alerting.js';

/** One notice within a message to a member. A notice without a message waits for the next digest. */
@Entity('email_notice')
@ForeignKey('Membership', ['organizationId', 'userId'], ['organizationId', 'userId'], { onDelete: 'CASCADE' })
@ForeignKey('AlertInstance', ['organizationId', 'alertId'], ['organizationId', 'id'], { onDelete: 'CASCADE' })
@ForeignKey('EmailDelivery', ['organizationId', 'deliveryId'], ['organizationId', 'id'], { onDelete: 'CASCADE' })
@Index('email_notice_delivery_idx', ['organizationId', 'deliveryId'])
@Index('email_notice_user_idx', ['organizationId', 'userId'])
@Index('email_notice_waiting_idx', { synchronize: false })
@Index('email_notice_once_idx', { synchronize: false })
export class EmailNotice {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'uuid' })
  userId: string;

  @Column({ type: 'uuid', nullable: true })
  deliveryId: string | null;

  @Column({ type: 'uuid', nullable: true })
  alertId: string | null;

  @Column({ type: 'text' })
  event: string;

  @Column({ type: 'text' })
  severity: Severity;

  @Column({ type: 'text' })
  title: string;

  @Column({ type: 'text' })
  message: string;

  @Column({ type: 'timestamptz' })
  createdAt: Date;
}
