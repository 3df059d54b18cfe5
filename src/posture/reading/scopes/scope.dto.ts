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

/** A list of names that is left out or has something in it: an empty list would let nothing pass, which nobody means. */
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

/** The techniques that a rule is limited to: those that pass all that is set, and of a list any of its names. What is left out lets everything pass. */
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

  /** Tags that the organisation gives techniques with `PUT /posture`, in any case. */
  @Names(`tags, ${TAG_WORDS}`, (options) => Matches(TAG_PATTERN, options))
  tags?: string[];

  /** `include` (default): sub-techniques as well as others; `exclude`: no sub-techniques; `only`: nothing else. */
  @ApiPropertyOptional({ enum: SUB_TECHNIQUES })
  @ValidateIf((_, value) => value !== undefined)
  @IsIn(SUB_TECHNIQUES, { message: `must be one of ${SUB_TECHNIQUES.join(', ')}` })
  sub_techniques?: SubTechniques;
}

const SCOPE = { message: 'must be an object with what the rule is limited to, or null' };

/** A scope in a request: left out it stays as it is, null lifts it. */
export function IsScope(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ type: () => TechniqueScopeRequest, nullable: true }),
    ValidateIf((_, value) => value !== undefined && value !== null),
    IsObject(SCOPE),
    ValidateNested(SCOPE),
    Type(() => TechniqueScopeRequest),
  );
}
