import { Transform, Type } from 'class-transformer';
import { IsBoolean, IsIn, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { ATTACK_DOMAINS, type AttackDomain } from '../../catalogue/words/index.js';
import { PageQuery } from '../../common/pagination/index.js';
import { QueryNumber } from '../../common/query-number.js';
import { TECHNIQUE_STATUSES, type TechniqueStatus } from '../words/technique-status.js';

const TEXT = { message: 'must be text of at most 200 characters' };
const UUID_OR_NONE = /^(none|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/i;

/** Filters of the list of techniques. A technique is listed if it passes all of them. */
export class ListTechniquesQuery extends PageQuery {
  /** The beginning of an ATT&CK id, or part of a name, in any case. */
  @IsOptional()
  @IsString(TEXT)
  @MaxLength(200, TEXT)
  search?: string;

  /** `not_evaluated`, `not_covered`, `in_progress`, `partial`, `validated` or `not_applicable`. */
  @IsOptional()
  @IsIn(TECHNIQUE_STATUSES, { message: `must be one of ${TECHNIQUE_STATUSES.join(', ')}` })
  status_global?: TechniqueStatus;

  /** `enterprise-attack`, `mobile-attack` or `ics-attack`. */
  @IsOptional()
  @IsIn(ATTACK_DOMAINS, { message: `must be one of ${ATTACK_DOMAINS.join(', ')}` })
  domain?: AttackDomain;

  /** Short name of a tactic, such as `initial-access`. */
  @IsOptional()
  @IsString(TEXT)
  @MaxLength(200, TEXT)
  tactic?: string;

  /** A platform, such as `Windows`, in any case. */
  @IsOptional()
  @IsString(TEXT)
  @MaxLength(200, TEXT)
  platform?: string;

  /** The id of an owner, or `none` for techniques without one. */
  @IsOptional()
  @Matches(UUID_OR_NONE, { message: 'must be the id of a user, or none' })
  owner_id?: string;

  /** Only techniques with this tag, in any case. */
  @IsOptional()
  @IsString(TEXT)
  @MaxLength(200, TEXT)
  tag?: string;

  /** Only techniques with at least this risk score. */
  @QueryNumber({ min: 0, max: 100 })
  min_risk_score?: number;

  /**
   * `true`: only techniques in scope (in force and not `not_applicable`), which all counts include. `false`: only the
   * others.
   */
  @IsOptional()
  @Type(() => String)
  @Transform(({ value }) => toBoolean(value))
  @IsBoolean({ message: 'must be true or false' })
  in_scope?: boolean;

  /** Whether the list includes techniques that ATT&CK revoked or deprecated. */
  @IsOptional()
  @Type(() => String)
  @Transform(({ value }) => toBoolean(value))
  @IsBoolean({ message: 'must be true or false' })
  include_revoked?: boolean = false;

  /** `true`: only sub-techniques. `false`: no sub-techniques. */
  @IsOptional()
  @Type(() => String)
  @Transform(({ value }) => toBoolean(value))
  @IsBoolean({ message: 'must be true or false' })
  is_subtechnique?: boolean;
}

function toBoolean(value: unknown): unknown {
  return value === 'true' ? true : value === 'false' ? false : value;
}
