import { ApiProperty } from '@nestjs/swagger';
import { ATTACK_DOMAINS } from '../catalogue/words/index.js';
import { ROLLUPS, type Rollup } from './roll-up.js';

export class SnapshotScopeResponse {
  /** Left out where all domains count. */
  @ApiProperty({ enum: ATTACK_DOMAINS, isArray: true, required: false })
  domains?: string[];
  /** Left out where all platforms count. */
  @ApiProperty({ type: [String], required: false })
  platforms?: string[];
}

/** How snapshots are counted from now on. */
export class SnapshotPolicyResponse {
  /**
   * `flat`: every technique and sub-technique counts one. `leaf`: sub-techniques, and techniques that have none in scope. `parent_mean`: every technique counts one,
   * with the mean of its sub-techniques. `parent_any`: every technique counts one, with the best status of its own and its sub-techniques.
   */
  @ApiProperty({ enum: ROLLUPS })
  rollup: Rollup;
  /** null: everything in scope. */
  @ApiProperty({ type: SnapshotScopeResponse, nullable: true })
  scope: SnapshotScopeResponse | null;
  /** The newest snapshot that was counted so, which the next is compared with; null: the next has none to be compared with. */
  @ApiProperty({ type: String, format: 'date', nullable: true })
  newest_comparable_date: string | null;
  /** null: nobody has changed it yet. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  updated_at: string | null;
  /** The user or API key that changed it last. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  updated_by: string | null;
}
