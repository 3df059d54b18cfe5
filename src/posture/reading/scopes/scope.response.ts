import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ATTACK_DOMAINS, type AttackDomain } from '../../../catalogue/words/index.js';
import type { TechniqueScope } from './technique-scope.js';

/** Limits a rule to some techniques: those that match every field. A list matches if any of its names does. */
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
  /** Left out: techniques and sub-techniques. */
  @ApiPropertyOptional({ enum: ['exclude', 'only'] })
  sub_techniques?: 'exclude' | 'only';
}

/** A scope in a response; null means every technique. */
export function ScopeProperty(): PropertyDecorator {
  return ApiProperty({ type: () => TechniqueScopeResponse, nullable: true });
}
