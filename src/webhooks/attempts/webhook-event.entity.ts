import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** What endpoints are told of one happening, kept once for all of them. Goes when the last of its deliveries has gone. */
@Entity('webhook_event')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Index('webhook_event_created_at_idx', ['createdAt'])
export class WebhookEvent {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  /** The exact bytes that are signed and sent. */
  @Column({ type: 'text' })
  body: string;

  @Column({ type: 'timestamptz' })
  createdAt: Date;
}
