import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { CatalogueImport } from '../../catalogue/index.js';
import type { TechniqueStatus } from '../../posture/words/index.js';

/**
 * The posture that an import copied from a revoked technique to its replacement, which was neither evaluated nor
 * reviewed before. Snapshots use it to separate changes by MITRE from changes by the organisation, and an undo uses it
 * to restore the replacement.
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

  /** The values of the replacement after the import. */
  @Column({ type: 'text' })
  statusGlobal: TechniqueStatus;

  @Column({ type: 'timestamptz', nullable: true })
  lastReviewDate: Date | null;

  @Column({ type: 'double precision', nullable: true })
  riskScore: number | null;

  @Column({ type: 'uuid', nullable: true })
  ownerId: string | null;

  /** Null if an earlier version of Vedette carried over, which did not copy tags. */
  @Column({ type: 'text', array: true, nullable: true })
  tags: string[] | null;

  /** The values of the replacement before the import. */
  @Column({ type: 'double precision', nullable: true })
  previousRiskScore: number | null;

  @Column({ type: 'uuid', nullable: true })
  previousOwnerId: string | null;

  @Column({ type: 'text', array: true, nullable: true })
  previousTags: string[] | null;

  /** When an undo restored the replacement; null until then. */
  @Column({ type: 'timestamptz', nullable: true })
  putBackAt: Date | null;
}
