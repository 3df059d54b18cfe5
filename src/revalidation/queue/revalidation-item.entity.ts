import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Posture } from '../../posture/index.js';
import type { ItemSource, ReviewOutcome, RevalidationStatus } from '../../posture/words/index.js';

/** A technique that waits for revalidation. A technique has at most one unfinished item. */
@Entity('revalidation_item')
@ForeignKey(() => Posture, ['organizationId', 'techniqueId'], ['organizationId', 'techniqueId'], {
  onDelete: 'CASCADE',
})
@ForeignKey('Membership', ['organizationId', 'assigneeId'], ['organizationId', 'userId'], { onDelete: 'SET NULL' })
@Index('revalidation_item_organization_id_created_at_idx', ['organizationId', 'createdAt', 'id'])
@Index('revalidation_item_unfinished_idx', { synchronize: false })
@Index('revalidation_item_organization_id_technique_id_idx', ['organizationId', 'techniqueId'])
@Check('revalidation_item_source_check', `source IN ('manual', 'policy')`)
@Check('revalidation_item_outcome_check', `outcome IN ('passed', 'partial', 'failed')`)
@Check('revalidation_item_reviewed_at_check', '(outcome IS NULL) = (reviewed_at IS NULL)')
@Check('revalidation_item_status_check', `status IN ('pending', 'in_progress', 'done', 'cancelled')`)
export class RevalidationItem {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'uuid' })
  techniqueId: string;

  @Column({ type: 'text', default: 'pending' })
  status: RevalidationStatus;

  @Column({ type: 'text', nullable: true })
  reason: string | null;

  @Column({ type: 'uuid', nullable: true })
  assigneeId: string | null;

  @Column({ type: 'timestamptz', nullable: true })
  dueAt: Date | null;

  @Column({ type: 'uuid', nullable: true })
  createdBy: string | null;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;

  @Column({ type: 'timestamptz', nullable: true })
  completedAt: Date | null;

  @Column({ type: 'text', default: 'manual' })
  source: ItemSource;

  /** For an item that the policy added: the review date that was too old. */
  @Column({ type: 'timestamptz', nullable: true })
  staleReviewDate: Date | null;

  /** The result of the review; null if the item is not done, or was done without an outcome. */
  @Column({ type: 'text', nullable: true })
  outcome: ReviewOutcome | null;

  @Column({ type: 'timestamptz', nullable: true })
  reviewedAt: Date | null;

  /** Counts changes of `status` and `due_at`, which replays of the past need. */
  @Column({ type: 'integer', default: 1 })
  version: number;

  /** When this version began. */
  @Column({ type: 'timestamptz', default: () => 'now()' })
  validFrom: Date;

  /** The user or API key that made this version. */
  @Column({ type: 'uuid', nullable: true })
  updatedBy: string | null;
}
