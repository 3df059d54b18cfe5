import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsObject,
  IsString,
  IsUUID,
  Matches,
  ValidateIf,
  ValidateNested,
  type ValidationOptions,
} from 'class-validator';
import { ATTACK_DOMAINS, type AttackDomain, ATTACK_ID_PATTERN } from '../../../catalogue/words/index.js';
import { TAG_PATTERN, TAG_WORDS } from '../../words/tags.js';
import { MAX_SCOPE_NAMES, SUB_TECHNIQUES, type SentScope, type SubTechniques } from './technique-scope.js';

/** A list of names that may be left out but not empty: an empty list would match no technique. */
function Names(words: string, ...each: ((options: ValidationOptions) => PropertyDecorator)[]): PropertyDecorator {
  const options = { message: `must be a list of 1 to ${MAX_SCOPE_NAMES} ${words}` };
  return applyDecorators(
    ValidateIf((_, value) => value !== undefined),
    IsArray(options),
    ArrayMinSize(1, options),
    ArrayMaxSize(MAX_SCOPE_NAMES, options),
    ...each.map((decorator) => decorator({ ...options, each: true })),
  );
}

/**
 * Limits a rule to some techniques: those that match every field. A list matches if any of its names does. A field that
 * is left out does not limit.
 */
export class TechniqueScopeRequest implements SentScope {
  @ApiPropertyOptional({ enum: ATTACK_DOMAINS, isArray: true })
  @Names(`of ${ATTACK_DOMAINS.join(', ')}`, (options) => IsIn(ATTACK_DOMAINS, options))
  domains?: AttackDomain[];

  /** Short names, such as `initial-access`, in any case. */
  @Names('short names of tactics', IsString)
  tactics?: string[];

  /** Such as `Windows`, in any case. */
  @Names('platforms', IsString)
  platforms?: string[];

  /** ATT&CK ids, such as `T1059.001`. The id of a technique covers its sub-techniques. */
  @Names('ATT&CK ids such as T1059 or T1059.001', (options) => Matches(ATTACK_ID_PATTERN, options))
  attack_ids?: string[];

  /** Ids of active members of the organisation. */
  @ApiPropertyOptional({ type: [String], format: 'uuid' })
  @Names('ids of users', (options) => IsUUID(undefined, options))
  owners?: string[];

  /** Tags that the organisation sets with `PUT /posture`, in any case. */
  @Names(`tags, ${TAG_WORDS}`, (options) => Matches(TAG_PATTERN, options))
  tags?: string[];

  /** `include` (default): techniques and sub-techniques; `exclude`: no sub-techniques; `only`: only sub-techniques. */
  @ApiPropertyOptional({ enum: SUB_TECHNIQUES })
  @ValidateIf((_, value) => value !== undefined)
  @IsIn(SUB_TECHNIQUES, { message: `must be one of ${SUB_TECHNIQUES.join(', ')}` })
  sub_techniques?: SubTechniques;
}

const SCOPE = { message: 'must be an object that limits the rule to some techniques, or null' };

/** A scope in a request. Left out, it stays unchanged; null removes it. */
export function IsScope(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ type: () => TechniqueScopeRequest, nullable: true }),
    ValidateIf((_, value) => value !== undefined && value !== null),
    IsObject(SCOPE),
    ValidateNested(SCOPE),
    Type(() => TechniqueScopeRequest),
  );
}
