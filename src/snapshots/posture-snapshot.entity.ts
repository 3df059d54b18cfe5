import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import type { Rollup } from './roll-up/roll-up.js';
import type { SnapshotScope, TacticCounts } from './snapshot-facts.js';

/** Coverage of one organisation on one day (UTC), and the counts behind it. */
@Entity('posture_snapshot')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Check('posture_snapshot_source_check', `source IN ('scheduled', 'manual', 'historical')`)
@Check('posture_snapshot_rollup_check', `rollup IN ('flat', 'leaf', 'parent_mean', 'parent_any')`)
@Check('posture_snapshot_coverage_pct_check', 'coverage_pct >= 0 AND coverage_pct <= 100')
export class PostureSnapshot {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  /** `YYYY-MM-DD`. */
  @PrimaryColumn({ type: 'date' })
  snapshotDate: string;

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

  /** How techniques and sub-techniques were counted together; see `ROLLUPS`. */
  @Column({ type: 'text', default: 'flat' })
  rollup: Rollup;

  @Column({ type: 'integer', default: 1 })
  formulaVersion: number;

  /** Limits the techniques in scope that were counted; null: no limit. */
  @Column({ type: 'jsonb', nullable: true })
  scope: SnapshotScope | null;

  /** The loaded release of each domain; null for an imported snapshot, whose catalogue is unknown. */
  @Column({ type: 'jsonb', nullable: true })
  attackVersions: Record<string, string> | null;

  /** By domain and the tactic's short name; null for an imported snapshot. */
  @Column({ type: 'jsonb', nullable: true })
  tactics: TacticCounts | null;

  /** The instant whose posture was counted; null for an imported snapshot. */
  @Column({ type: 'timestamptz', nullable: true })
  takenAt: Date | null;

  /**
   * The coverage of the comparable snapshot of `baseline_date`, restated on this snapshot's catalogue; null if the
   * catalogue is the same.
   */
  @Column({ type: 'double precision', nullable: true })
  baselinePct: number | null;

  @Column({ type: 'date', nullable: true })
  baselineDate: string | null;

  @Column({ type: 'jsonb', nullable: true })
  baselineTactics: TacticCounts | null;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;

  @Column({ type: 'integer', default: 1 })
  version: number;

  /** When this version began. The first version of an imported day counts from the beginning of that day, in UTC. */
  @Column({ type: 'timestamptz', default: () => 'now()' })
  validFrom: Date;
}
