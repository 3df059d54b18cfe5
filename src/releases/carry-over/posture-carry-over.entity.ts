import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { CatalogueImport } from '../../catalogue/index.js';
import type { TechniqueStatus } from '../../posture/words/index.js';

/**
 * What an import gave the posture of a technique, from that of a technique which it revoked in its favour. Until then it was not evaluated and not reviewed. Snapshots
 * read it to tell what MITRE did from what the organisation did, and an undone import to put things back.
 */
@Entity('posture_carry_over')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@ForeignKey(() => CatalogueImport, ['importId'], ['id'], { onDelete: 'CASCADE' })
@Index('posture_carry_over_import_id_idx', ['importId'])
export class PostureCarryOver {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  /** The replacement. */
  @PrimaryColumn({ type: 'uuid' })
  techniqueId: string;

  @PrimaryColumn({ type: 'uuid' })
  importId: string;

  /** The technique that was revoked. */
  @Column({ type: 'uuid' })
  fromTechniqueId: string;

  @Column({ type: 'timestamptz' })
  carriedAt: Date;

  /** What the replacement then had. */
  @Column({ type: 'text' })
  statusGlobal: TechniqueStatus;

  @Column({ type: 'timestamptz', nullable: true })
  lastReviewDate: Date | null;

  @Column({ type: 'double precision', nullable: true })
  riskScore: number | null;

  @Column({ type: 'uuid', nullable: true })
  ownerId: string | null;

  /** Null where an earlier version of Vedette carried over, which left tags alone. */
  @Column({ type: 'text', array: true, nullable: true })
  tags: string[] | null;

  /** What it had of these before. */
  @Column({ type: 'double precision', nullable: true })
  previousRiskScore: number | null;

  @Column({ type: 'uuid', nullable: true })
  previousOwnerId: string | null;

  @Column({ type: 'text', array: true, nullable: true })
  previousTags: string[] | null;

  /** When the import was undone and the replacement's posture was as it was before; null while it stands. */
  @Column({ type: 'timestamptz', nullable: true })
  putBackAt: Date | null;
}
