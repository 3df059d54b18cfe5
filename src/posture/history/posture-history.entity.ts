import { Check, Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { ChangeSource } from '../words/change-source.js';
import type { TechniqueStatus } from '../words/technique-status.js';

/**
 * A superseded version of the posture of one technique, valid from `valid_from` until just before `valid_to`. Only a
 * trigger of `posture` writes it, and nothing changes it.
 */
@Entity('posture_history')
@Index('posture_history_valid_to_idx', ['validTo'])
@Check('posture_history_valid_to_check', 'valid_to >= valid_from')
export class PostureHistory {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  techniqueId: string;

  @PrimaryColumn({ type: 'timestamptz' })
  validFrom: Date;

  @PrimaryColumn({ type: 'integer' })
  version: number;

  @Column({ type: 'timestamptz' })
  validTo: Date;

  @Column({ type: 'text' })
  statusGlobal: TechniqueStatus;

  @Column({ type: 'timestamptz', nullable: true })
  lastReviewDate: Date | null;

  @Column({ type: 'double precision', nullable: true })
  riskScore: number | null;

  @Column({ type: 'uuid', nullable: true })
  ownerId: string | null;

  @Column({ type: 'text', array: true, default: '{}' })
  tags: string[];

  @Column({ type: 'boolean' })
  inForce: boolean;

  @Column({ type: 'timestamptz' })
  mitreLastModified: Date;

  @Column({ type: 'text' })
  changeSource: ChangeSource;

  @Column({ type: 'uuid', nullable: true })
  changeId: string | null;

  /** The user or API key that made this version; null if no person or key did. */
  @Column({ type: 'uuid', nullable: true })
  changedBy: string | null;
}
