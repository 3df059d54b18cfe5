import { applyDecorators } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsObject,
  IsString,
  MaxLength,
  ValidateNested,
} from 'class-validator';
import { ATTACK_DOMAINS } from '../../catalogue/words/index.js';
import { IsGiven, IsGivenOrNull } from '../../common/is-given.js';
import { ROLLUPS, type Rollup } from '../roll-up/roll-up.js';

const ROLLUP_WORDS = `must be one of ${ROLLUPS.join(', ')}`;
const SCOPE_WORDS = 'must be an object with domains, platforms or both, or null for everything in scope';
const DOMAINS = { message: `must be a list of one or more of ${ATTACK_DOMAINS.join(', ')}` };
const PLATFORMS = { message: 'must be a list of 1 to 50 platforms of the catalogue, such as Windows' };

/** Limits the techniques in scope that are counted. A list that is left out does not limit. */
export class SnapshotScopeRequest {
  /** Only techniques of these ATT&CK domains count. */
  @ApiProperty({ enum: ATTACK_DOMAINS, isArray: true, required: false })
  @IsGiven()
  @IsArray(DOMAINS)
  @ArrayMinSize(1, DOMAINS)
  @ArrayUnique(DOMAINS)
  @IsIn(ATTACK_DOMAINS, { each: true, ...DOMAINS })
  domains?: string[];

  /** Only techniques with any of these platforms count. */
  @ApiProperty({ type: [String], required: false, example: ['Windows', 'Linux'] })
  @IsGiven()
  @IsArray(PLATFORMS)
  @ArrayMinSize(1, PLATFORMS)
  @ArrayMaxSize(50, PLATFORMS)
  @ArrayUnique(PLATFORMS)
  @IsString({ each: true, ...PLATFORMS })
  @MaxLength(100, { each: true, ...PLATFORMS })
  platforms?: string[];
}

/** An optional field that holds a roll-up. */
export function RollupField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ enum: ROLLUPS, required: false }),
    IsGiven(),
    IsIn(ROLLUPS, { message: ROLLUP_WORDS }),
  );
}

/** An optional field that holds a {@link SnapshotScopeRequest}, or null for everything in scope. */
export function SnapshotScopeField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ type: SnapshotScopeRequest, required: false, nullable: true }),
    IsGivenOrNull(),
    IsObject({ message: SCOPE_WORDS }),
    ValidateNested({ message: SCOPE_WORDS }),
    Type(() => SnapshotScopeRequest),
  );
}

/** Changes to how snapshots are counted. A field that is left out stays unchanged. */
export class PatchSnapshotPolicyRequest {
  /** How techniques and their sub-techniques are counted together: `flat`, `leaf`, `parent_mean` or `parent_any`. */
  @RollupField()
  rollup?: Rollup;

  /** null: everything in scope. */
  @SnapshotScopeField()
  scope?: SnapshotScopeRequest | null;
}
