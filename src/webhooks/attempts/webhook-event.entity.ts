import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** The text of one event, stored once for all endpoints. Deleted with the last of its deliveries. */
@Entity('webhook_event')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Index('webhook_event_created_at_idx', ['createdAt'])
export class WebhookEvent {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  /** The exact text that is signed and sent. */
  @Column({ type: 'text' })
  body: string;

  @Column({ type: 'timestamptz' })
  createdAt: Date;
}
