import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** Who had which deliveries sent again, and when. Kept as long as the organisation is. */
@Entity('webhook_replay')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Index('webhook_replay_newest_idx', ['organizationId', 'requestedAt', 'id'])
export class WebhookReplay {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  organizationId: string;

  /** What was asked for, as it came over the wire. */
  @Column({ type: 'jsonb' })
  filter: Record<string, unknown>;

  @Column({ type: 'integer' })
  deliveryCount: number;

  /** The user or API key. */
  @Column({ type: 'uuid' })
  requestedBy: string;

  @Column({ type: 'timestamptz' })
  requestedAt: Date;
}
