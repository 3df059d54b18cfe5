import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { RevalidationStatus } from '../../posture/words/index.js';

/** A superseded version of an item of the revalidation queue; see {@link PostureHistory}. */
@Entity('revalidation_item_history')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Index('revalidation_item_history_valid_to_idx', ['validTo'])
@Check('revalidation_item_history_valid_to_check', 'valid_to >= valid_from')
export class RevalidationItemHistory {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @PrimaryColumn({ type: 'timestamptz' })
  validFrom: Date;

  @PrimaryColumn({ type: 'integer' })
  version: number;

  @Column({ type: 'timestamptz' })
  validTo: Date;

  @Column({ type: 'uuid' })
  techniqueId: string;

  @Column({ type: 'text' })
  status: RevalidationStatus;

  @Column({ type: 'timestamptz', nullable: true })
  dueAt: Date | null;

  @Column({ type: 'timestamptz' })
  createdAt: Date;

  @Column({ type: 'uuid', nullable: true })
  changedBy: string | null;
}
