import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';

export type EmailDeliveryStatus = 'pending' | 'sent' | 'failed' | 'cancelled';

/** One message to one member. The table is the outbox and the log. */
@Entity('email_delivery')
@Unique(['organizationId', 'id'])
@ForeignKey('Membership', ['organizationId', 'userId'], ['organizationId', 'userId'], { onDelete: 'CASCADE' })
@Index('email_delivery_due_idx', { synchronize: false })
@Index('email_delivery_completed_idx', { synchronize: false })
@Index('email_delivery_user_idx', ['organizationId', 'userId'])
@Index('email_delivery_digest_idx', { synchronize: false })
@Check('email_delivery_kind_check', `kind IN ('immediate', 'digest')`)
@Check('email_delivery_status_check', `status IN ('pending', 'sent', 'failed', 'cancelled')`)
export class EmailDelivery {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'uuid' })
  userId: string;

  @Column({ type: 'text' })
  kind: 'immediate' | 'digest';

  /** When the digest was due; null for an immediate message. */
  @Column({ type: 'timestamptz', nullable: true })
  digestSlot: Date | null;

  @Column({ type: 'text', default: 'pending' })
  status: EmailDeliveryStatus;

  @Column({ type: 'integer', default: 0 })
  attemptCount: number;

  @Column({ type: 'timestamptz' })
  nextAttemptAt: Date;

  /** Why it is postponed although nothing failed: `quiet_hours`. */
  @Column({ type: 'text', nullable: true })
  heldFor: string | null;

  /** The claim that holds the row. Only the worker with this token may write the result. */
  @Column({ type: 'uuid', nullable: true })
  lockToken: string | null;

  @Column({ type: 'timestamptz', nullable: true })
  lockedUntil: Date | null;

  @Column({ type: 'integer', nullable: true })
  lastStatusCode: number | null;

  @Column({ type: 'text', nullable: true })
  lastError: string | null;

  @Column({ type: 'timestamptz' })
  createdAt: Date;

  @Column({ type: 'timestamptz', nullable: true })
  completedAt: Date | null;
}
