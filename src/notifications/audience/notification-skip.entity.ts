import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** The reason why an alert was not sent to a member by one channel. */
@Entity('notification_skip')
@ForeignKey('Membership', ['organizationId', 'userId'], ['organizationId', 'userId'], { onDelete: 'CASCADE' })
@ForeignKey('AlertInstance', ['organizationId', 'alertId'], ['organizationId', 'id'], { onDelete: 'CASCADE' })
@Index('notification_skip_user_idx', ['organizationId', 'userId'])
export class NotificationSkip {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  alertId: string;

  @PrimaryColumn({ type: 'text' })
  event: string;

  @PrimaryColumn({ type: 'uuid' })
  userId: string;

  @PrimaryColumn({ type: 'text' })
  channel: string;

  @Column({ type: 'text' })
  reason: string;

  @Column({ type: 'timestamptz' })
  createdAt: Date;
}
