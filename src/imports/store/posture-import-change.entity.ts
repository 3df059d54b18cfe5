import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { TechniqueStatus } from '../../posture/words/index.js';
import { PostureImport } from './posture-import.entity.js';

/** The change that an import makes, or would make, to one technique, with the values from before. */
@Entity('posture_import_change')
@ForeignKey(() => PostureImport, ['organizationId', 'importId'], ['organizationId', 'id'], { onDelete: 'CASCADE' })
@Check('posture_import_change_undo_outcome_check', `undo_outcome IN ('restored', 'skipped')`)
export class PostureImportChange {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  importId: string;

  @PrimaryColumn({ type: 'uuid' })
  techniqueId: string;

  @Column({ type: 'text' })
  beforeStatus: TechniqueStatus;

  @Column({ type: 'timestamptz', nullable: true })
  beforeReviewDate: Date | null;

  @Column({ type: 'double precision', nullable: true })
  beforeRiskScore: number | null;

  @Column({ type: 'uuid', nullable: true })
  beforeOwnerId: string | null;

  @Column({ type: 'text', array: true, default: '{}' })
  beforeTags: string[];

  @Column({ type: 'text' })
  afterStatus: TechniqueStatus;

  @Column({ type: 'timestamptz', nullable: true })
  afterReviewDate: Date | null;

  @Column({ type: 'double precision', nullable: true })
  afterRiskScore: number | null;

  @Column({ type: 'uuid', nullable: true })
  afterOwnerId: string | null;

  @Column({ type: 'text', array: true, default: '{}' })
  afterTags: string[];

  /** The reason, from the file. */
  @Column({ type: 'text' })
  because: string;

  /** Ids of the file that ATT&CK replaced by this technique. */
  @Column({ type: 'text', array: true })
  remappedFrom: string[];

  /** What undoing the import did; null until then. */
  @Column({ type: 'text', nullable: true })
  undoOutcome: 'restored' | 'skipped' | null;
}
