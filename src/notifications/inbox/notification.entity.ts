import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { Severity } from '../../common/alerting.js';

/** One notice to one member, shown in the app. */
@Entity('notification')
@ForeignKey('Membership', ['organizationId', 'userId'], ['organizationId', 'userId'], { onDelete: 'CASCADE' })
@ForeignKey('AlertInstance', ['organizationId', 'alertId'], ['organizationId', 'id'], { onDelete: 'CASCADE' })
@Index('notification_inbox_idx', ['organizationId', 'userId', 'createdAt', 'id'])
@Index('notification_unread_idx', { synchronize: false })
@Index('notification_read_idx', { synchronize: false })
@Index('notification_once_idx', { synchronize: false })
@Index('notification_stream_idx', ['streamPosition', 'id'])
export class Notification {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'uuid' })
  userId: string;

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

  @Column({ type: 'timestamptz', nullable: true })
  readAt: Date | null;

  /** The number of the transaction that wrote the row. The stream sorts by it. */
  @Column({ type: 'bigint', default: () => 'vedette_transaction_number()', select: false, update: false })
  streamPosition: string;
}
