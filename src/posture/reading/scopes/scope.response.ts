import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ATTACK_DOMAINS, type AttackDomain } from '../../../catalogue/words/index.js';
import type { TechniqueScope } from './technique-scope.js';

/** The techniques that a rule is limited to: those that pass all that is set, and of a list any of its names. */
export class TechniqueScopeResponse implements TechniqueScope {
  @ApiPropertyOptional({ enum: ATTACK_DOMAINS, isArray: true })
  domains?: AttackDomain[];
  /** Short names, such as `initial-access`. */
  tactics?: string[];
  platforms?: string[];
  /** The id of a technique covers its sub-techniques. */
  attack_ids?: string[];
  @ApiPropertyOptional({ type: [String], format: 'uuid' })
  owners?: string[];
  /** In lower case. */
  tags?: string[];
  /** Left out: sub-techniques as well as others. */
  @ApiPropertyOptional({ enum: ['exclude', 'only'] })
  sub_techniques?: 'exclude' | 'only';
}

/** A scope in an answer; null: every technique. */
export function ScopeProperty(): PropertyDecorator {
  return ApiProperty({ type: () => TechniqueScopeResponse, nullable: true });
}
