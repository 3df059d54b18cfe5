import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { Technique } from '../../catalogue/index.js';
import type { ChangeSource } from '../words/change-source.js';
import type { TechniqueStatus } from '../words/technique-status.js';

/**
 * The current posture of one technique in one organisation. A row exists for every organisation and technique.
 *
 * A trigger moves superseded versions to {@link PostureHistory}. An update of a measured column (status, review, risk,
 * owner, tags, `in_force`, `mitre_last_modified`) increments `version` and sets `valid_from` (from the `Clock`),
 * `change_source` and `change_id`. It also sets `updated_at` and `updated_by`, unless the catalogue is the source.
 */
@Entity('posture')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@ForeignKey(() => Technique, ['techniqueId'], ['id'])
@ForeignKey('Membership', ['organizationId', 'ownerId'], ['organizationId', 'userId'], { onDelete: 'SET NULL' })
@Check(
  'posture_status_global_check',
  `status_global IN ('not_evaluated', 'not_covered', 'in_progress', 'partial', 'validated', 'not_applicable')`,
)
@Check('posture_risk_score_check', 'risk_score >= 0 AND risk_score <= 100')
@Check(
  'posture_change_source_check',
  `change_source IN ('initial', 'api', 'import', 'undo', 'catalogue', 'queue', 'demo', 'database')`,
)
@Index('posture_technique_id_idx', ['techniqueId'])
@Index('posture_owner_id_idx', { synchronize: false })
@Index('posture_coverage_idx', { synchronize: false })
@Index('posture_risk_idx', { synchronize: false })
@Index('posture_review_idx', { synchronize: false })
@Index('posture_modified_idx', { synchronize: false })
@Index('posture_unowned_idx', { synchronize: false })
export class Posture {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  techniqueId: string;

  @Column({ type: 'text', default: 'not_evaluated' })
  statusGlobal: TechniqueStatus;

  @Column({ type: 'timestamptz', nullable: true })
  lastReviewDate: Date | null;

  /** 0 to 100. */
  @Column({ type: 'double precision', nullable: true })
  riskScore: number | null;

  @Column({ type: 'uuid', nullable: true })
  ownerId: string | null;

  /** The organisation's own words, sorted and in lower case. */
  @Column({ type: 'text', array: true, default: '{}' })
  tags: string[];

  /** Copied from the catalogue at each import, so that counts read only this table. */
  @Column({ type: 'boolean' })
  inForce: boolean;

  /** Copied from the catalogue at each import. */
  @Column({ type: 'timestamptz' })
  mitreLastModified: Date;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;

  @Column({ type: 'uuid', nullable: true })
  updatedBy: string | null;

  @Column({ type: 'integer', default: 1 })
  version: number;

  /** When this version began. */
  @Column({ type: 'timestamptz', default: () => 'now()' })
  validFrom: Date;

  /** The cause of this version. */
  @Column({ type: 'text', default: 'initial' })
  changeSource: ChangeSource;

  /** The import run or other record that caused this version. */
  @Column({ type: 'uuid', nullable: true })
  changeId: string | null;
}
