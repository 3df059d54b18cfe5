import { ApiProperty } from '@nestjs/swagger';
import { ROLLUPS, type Rollup } from './roll-up.js';
import { SnapshotScopeResponse } from './snapshot-policy.response.js';

/** Coverage on one day (UTC), and the counts behind it. */
export class SnapshotResponse {
  @ApiProperty({ format: 'date' })
  date: string;
  /** (validated + 0.5 x partial) / total x 100, not rounded; with the roll-up `parent_mean`, the mean over techniques of the means over sub-techniques. */
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
  /** `scheduled`: taken by the daily schedule; `manual`: by a person; `historical`: brought in. */
  @ApiProperty({ enum: ['scheduled', 'manual', 'historical'] })
  source: 'scheduled' | 'manual' | 'historical';
  /** When the day's row was last written. */
  @ApiProperty({ format: 'date-time' })
  updated_at: string;
  /** How techniques and sub-techniques were counted together: see `GET /snapshots/policy`. */
  @ApiProperty({ enum: ROLLUPS })
  rollup: Rollup;
  /** Snapshots of different versions are not compared. */
  @ApiProperty({ type: 'integer' })
  formula_version: number;
  /** What was counted of what was in scope; null: all of it. */
  @ApiProperty({ type: SnapshotScopeResponse, nullable: true })
  scope: SnapshotScopeResponse | null;
  /** The ATT&CK release of each domain, such as `{"enterprise-attack": "18.1"}`; null where it was brought in. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' }, nullable: true })
  attack_versions: Record<string, string> | null;
  /** By domain and short name of the tactic: `total`, `coverage_pct` and the counts; null where it was brought in. */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  tactics: Record<string, unknown> | null;
  /**
   * What the comparable snapshot of `baseline_date` would have been on this one's catalogue, where ATT&CK changed since. `coverage_pct` less this is what the
   * organisation did; this less that snapshot's `coverage_pct` is what MITRE did. null where ATT&CK did not change.
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
