import { ApiProperty } from '@nestjs/swagger';
import { SnapshotScopeResponse } from './policy/snapshot-policy.response.js';
import { ROLLUPS, type Rollup } from './roll-up/roll-up.js';

/** Coverage on one day (UTC), and the counts behind it. */
export class SnapshotResponse {
  @ApiProperty({ format: 'date' })
  date: string;
  /**
   * (validated + 0.5 x partial) / total x 100, not rounded. With the roll-up `parent_mean`: the mean over techniques of
   * the means over their sub-techniques.
   */
  coverage_pct: number;
  /** Techniques in scope. */
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: 'integer' })
  validated: number;
  @ApiProperty({ type: 'integer' })
  partial: number;
  @ApiProperty({ type: 'integer' })
  in_progress: number;
  @ApiProperty({ type: 'integer' })
  not_covered: number;
  @ApiProperty({ type: 'integer' })
  not_evaluated: number;
  /** `scheduled`: taken by the daily schedule; `manual`: taken on request; `historical`: imported. */
  @ApiProperty({ enum: ['scheduled', 'manual', 'historical'] })
  source: 'scheduled' | 'manual' | 'historical';
  /** When the snapshot of the day was last written. */
  @ApiProperty({ format: 'date-time' })
  updated_at: string;
  /** How techniques and sub-techniques were counted together; see `GET /snapshots/policy`. */
  @ApiProperty({ enum: ROLLUPS })
  rollup: Rollup;
  /** Snapshots of different versions are not compared. */
  @ApiProperty({ type: 'integer' })
  formula_version: number;
  /** Limits the techniques in scope that were counted; null: no limit. */
  @ApiProperty({ type: SnapshotScopeResponse, nullable: true })
  scope: SnapshotScopeResponse | null;
  /** The ATT&CK release of each domain, such as `{"enterprise-attack": "18.1"}`; null for an imported snapshot. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, nullable: true })
  attack_versions: Record<string, string> | null;
  /** By domain and short name of the tactic: `total`, `coverage_pct` and the counts; null for an imported snapshot. */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  tactics: Record<string, unknown> | null;
  /**
   * The coverage of the comparable snapshot of `baseline_date`, restated on this snapshot's ATT&CK release.
   * `coverage_pct` minus this is the organisation's change; this minus that snapshot's `coverage_pct` is MITRE's
   * change. null if ATT&CK did not change.
   */
  @ApiProperty({ type: Number, nullable: true })
  baseline_pct: number | null;
  @ApiProperty({ type: String, format: 'date', nullable: true })
  baseline_date: string | null;
}

export class SnapshotListResponse {
  items: SnapshotResponse[];
  /** How many snapshots match, on all pages. */
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
