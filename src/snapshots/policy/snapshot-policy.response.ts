import { ApiProperty } from '@nestjs/swagger';
import { ATTACK_DOMAINS } from '../../catalogue/words/index.js';
import { ROLLUPS, type Rollup } from '../roll-up/roll-up.js';

export class SnapshotScopeResponse {
  /** Left out if all domains count. */
  @ApiProperty({ enum: ATTACK_DOMAINS, isArray: true, required: false })
  domains?: string[];
  /** Left out if all platforms count. */
  @ApiProperty({ type: [String], required: false })
  platforms?: string[];
}

/** How future snapshots are counted. */
export class SnapshotPolicyResponse {
  /**
   * `flat`: every technique and sub-technique counts as one. `leaf`: only sub-techniques, and techniques without
   * sub-techniques in scope. `parent_mean`: every technique counts as one, with the mean of its sub-techniques.
   * `parent_any`: every technique counts as one, with the best status of itself and its sub-techniques.
   */
  @ApiProperty({ enum: ROLLUPS })
  rollup: Rollup;
  /** null: everything in scope. */
  @ApiProperty({ type: SnapshotScopeResponse, nullable: true })
  scope: SnapshotScopeResponse | null;
  /**
   * The newest snapshot that was counted in this way, with which the next one is compared; null: the next one has none
   * to compare with.
   */
  @ApiProperty({ type: String, format: 'date', nullable: true })
  newest_comparable_date: string | null;
  /** null: the policy has not been changed. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  updated_at: string | null;
  /** The user or API key that last changed it. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  updated_by: string | null;
}
