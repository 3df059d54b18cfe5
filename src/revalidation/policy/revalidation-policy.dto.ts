import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsNumber,
  Max,
  Min,
  ValidateNested,
} from 'class-validator';
import { IsGiven } from '../../common/is-given.js';

export const MAX_TIERS = 10;

const FLAG = { message: 'must be true or false' };
const RISK = { message: 'must be a risk score from 0 to 100' };
const DAYS = { message: 'must be a whole number of days from 1 to 3650' };
const DUE = { message: 'must be a whole number of days from 1 to 365' };
const TIERS = { message: `must be a list of 1 to ${MAX_TIERS} tiers, each with from_risk and days` };

export class RevalidationTierRequest {
  /** The lowest risk score of the tier, 0 to 100. */
  @IsNumber({ allowNaN: false, allowInfinity: false }, RISK)
  @Min(0, RISK)
  @Max(100, RISK)
  from_risk: number;

  /** How long a validation is good for, in days of 24 hours, 1 to 3,650. */
  @ApiProperty({ type: 'integer' })
  @IsInt(DAYS)
  @Min(1, DAYS)
  @Max(3650, DAYS)
  days: number;
}

/** The whole policy; it replaces the current one. */
export class PutRevalidationPolicyRequest {
  /** Whether Vedette adds techniques to the queue automatically. */
  @IsBoolean(FLAG)
  is_enabled: boolean;

  /** In any order, with distinct risk scores, one of them 0. Techniques without a risk score belong to that tier. */
  @IsArray(TIERS)
  @ArrayMinSize(1, TIERS)
  @ArrayMaxSize(MAX_TIERS, TIERS)
  @ValidateNested({ each: true, ...TIERS })
  @Type(() => RevalidationTierRequest)
  tiers: RevalidationTierRequest[];

  /** The time to complete an item, in days of 24 hours after it was added, 1 to 365. Default 14. */
  @ApiPropertyOptional({ type: 'integer' })
  @IsGiven()
  @IsInt(DUE)
  @Min(1, DUE)
  @Max(365, DUE)
  due_in_days?: number = 14;
}

export class RunRevalidationPolicyRequest {
  /** Whether to only count the techniques. Default false. */
  @IsGiven()
  @IsBoolean(FLAG)
  dry_run?: boolean = false;
}
