import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A snapshot that another of its day has replaced, as {@link PostureHistory} is of posture. */
@Entity('posture_snapshot_history')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Index('posture_snapshot_history_valid_to_idx', ['validTo'])
@Check('posture_snapshot_history_valid_to_check', 'valid_to >= valid_from')
export class PostureSnapshotHistory {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'date' })
  snapshotDate: string;

  @PrimaryColumn({ type: 'timestamptz' })
  validFrom: Date;

  @PrimaryColumn({ type: 'integer' })
  version: number;

  @Column({ type: 'timestamptz' })
  validTo: Date;

  @Column({ type: 'double precision' })
  coveragePct: number;

  @Column({ type: 'integer' })
  total: number;

  @Column({ type: 'integer' })
  validated: number;

  @Column({ type: 'integer' })
  partial: number;

  @Column({ type: 'integer' })
  inProgress: number;

  @Column({ type: 'integer' })
  notCovered: number;

  @Column({ type: 'integer' })
  notEvaluated: number;

  @Column({ type: 'text' })
  source: 'scheduled' | 'manual' | 'historical';
}
