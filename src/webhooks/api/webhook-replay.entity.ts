import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** Who asked to send which deliveries again, and when. Stored as long as the organisation exists. */
@Entity('webhook_replay')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Index('webhook_replay_newest_idx', ['organizationId', 'requestedAt', 'id'])
export class WebhookReplay {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  organizationId: string;

  /** The filter as the caller sent it. */
  @Column({ type: 'jsonb' })
  filter: Record<string, unknown>;

  @Column({ type: 'integer' })
  deliveryCount: number;

  /** The id of the user or API key. */
  @Column({ type: 'uuid' })
  requestedBy: string;

  @Column({ type: 'timestamptz' })
  requestedAt: Date;
}
