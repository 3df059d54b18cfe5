import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { Rollup } from './roll-up/roll-up.js';
import type { SnapshotScope, TacticCounts } from './snapshot-facts.js';

/** A snapshot that was replaced by another of the same day; see {@link PostureHistory}. */
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

  @Column({ type: 'text', default: 'flat' })
  rollup: Rollup;

  @Column({ type: 'integer', default: 1 })
  formulaVersion: number;

  @Column({ type: 'jsonb', nullable: true })
  scope: SnapshotScope | null;

  @Column({ type: 'jsonb', nullable: true })
  attackVersions: Record<string, string> | null;

  @Column({ type: 'jsonb', nullable: true })
  tactics: TacticCounts | null;

  @Column({ type: 'timestamptz', nullable: true })
  takenAt: Date | null;

  @Column({ type: 'double precision', nullable: true })
  baselinePct: number | null;

  @Column({ type: 'date', nullable: true })
  baselineDate: string | null;

  @Column({ type: 'jsonb', nullable: true })
  baselineTactics: TacticCounts | null;
}
