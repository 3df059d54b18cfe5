import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** Coverage of one organisation on one day (UTC), and the counts behind it. */
@Entity('posture_snapshot')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Check('posture_snapshot_source_check', `source IN ('scheduled', 'manual', 'historical')`)
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

  @Column({ type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;

  @Column({ type: 'integer', default: 1 })
  version: number;

  /** When this version began to count. The first of a day that was brought in counts from the beginning of that day, in UTC. */
  @Column({ type: 'timestamptz', default: () => 'now()' })
  validFrom: Date;
}
