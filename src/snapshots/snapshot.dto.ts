import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';
import { IsCalendarDate } from '../common/instant.js';
import { IsGiven } from '../common/is-given.js';
import { PageQuery } from '../common/pagination/index.js';
import type { Rollup } from './roll-up/roll-up.js';
import { RollupField, SnapshotScopeField, SnapshotScopeRequest } from './policy/snapshot-policy.dto.js';

const MAX_COUNT = 1_000_000;
const TOTAL = { message: `must be a whole number from 1 to ${MAX_COUNT}` };
const COUNT = { message: `must be a whole number from 0 to ${MAX_COUNT}` };
const PERCENTAGE = { message: 'must be a number from 0 to 100' };

/** Filters of the list of snapshots. */
export class ListSnapshotsQuery extends PageQuery {
  /** The first day, `YYYY-MM-DD`. */
  @IsOptional()
  @IsCalendarDate()
  from?: string;

  /** The last day, `YYYY-MM-DD`. */
  @IsOptional()
  @IsCalendarDate()
  to?: string;
}

/** Coverage on a past day, as counts of techniques in scope. Their sum must not exceed `total`. */
export class PutSnapshotRequest {
  /** Techniques in scope, at least 1. */
  @ApiProperty({ type: 'integer' })
  @IsInt(TOTAL)
  @Min(1, TOTAL)
  @Max(MAX_COUNT, TOTAL)
  total: number;

  @ApiProperty({ type: 'integer' })
  @IsInt(COUNT)
  @Min(0, COUNT)
  @Max(MAX_COUNT, COUNT)
  validated: number;

  @ApiProperty({ type: 'integer' })
  @IsInt(COUNT)
  @Min(0, COUNT)
  @Max(MAX_COUNT, COUNT)
  partial: number;

  /** Default 0. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsGiven()
  @IsInt(COUNT)
  @Min(0, COUNT)
  @Max(MAX_COUNT, COUNT)
  in_progress?: number;

  /** Default 0. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsGiven()
  @IsInt(COUNT)
  @Min(0, COUNT)
  @Max(MAX_COUNT, COUNT)
  not_covered?: number;

  /** Default 0. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsGiven()
  @IsInt(COUNT)
  @Min(0, COUNT)
  @Max(MAX_COUNT, COUNT)
  not_evaluated?: number;

  /** Computed from the counts. If given, it must agree with them within 0.01. */
  @IsGiven()
  @IsNumber({ allowNaN: false, allowInfinity: false }, PERCENTAGE)
  @Min(0, PERCENTAGE)
  @Max(100, PERCENTAGE)
  coverage_pct?: number;

  /**
   * How the techniques were counted. Default `flat`. The snapshot is compared only with snapshots that were counted in
   * the same way.
   */
  @RollupField()
  rollup?: Rollup;

  /** Limits the techniques in scope that were counted; null or left out: no limit. */
  @SnapshotScopeField()
  scope?: SnapshotScopeRequest | null;
}
