import { ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Max,
  MaxLength,
  Min,
  ValidateIf,
} from 'class-validator';
import { ON_REPEAT, SEVERITIES, type OnRepeat, type Severity } from '../common/alerting.js';
import { IsName } from '../common/is-name.js';
import { PageQuery } from '../common/pagination/index.js';
import { QueryBoolean } from '../common/query-boolean.js';
import { IsScope, TechniqueScopeRequest } from '../posture/index.js';

const LISTED_TYPE = { message: 'must be a rule type, text of at most 100 characters' };

const NEW_TYPE = { message: 'must be one of the types that GET /rule-types lists' };

const COOLDOWN = { message: 'must be a number of hours from 0 (no cooldown) to 8760' };

const INTERVAL = { message: 'must be a whole number of minutes from 1 to 10080, or null' };

/** A new rule. */
export class CreateRuleRequest {
  /** What people call the rule, 1 to 200 characters. */
  @IsName()
  name: string;

  /** What the rule is for, at most 2,000 characters. */
  @IsOptional()
  @IsString({ message: 'must be text of at most 2000 characters' })
  @MaxLength(2000, { message: 'must be text of at most 2000 characters' })
  description?: string;

  /** One of the types that `GET /rule-types` lists. It cannot be changed later. */
  @IsString(NEW_TYPE)
  @MaxLength(100, NEW_TYPE)
  rule_type: string;

  /** `critical`, `high`, `medium`, `low` or `info`. */
  @IsIn(SEVERITIES, { message: `must be one of ${SEVERITIES.join(', ')}` })
  severity: Severity;

  /** Settings of the type; what is left out takes the type's default. */
  @IsOptional()
  @IsObject({ message: 'must be an object with settings of the rule type' })
  config?: Record<string, unknown>;

  /** The techniques that the rule is limited to; null or left out: all. */
  @IsScope()
  scope?: TechniqueScopeRequest | null;

  /** Hours after a firing in which the rule is not evaluated. 0: none. Default 24. */
  @ValidateIf((_, value) => value !== undefined)
  @IsNumber({ allowNaN: false, allowInfinity: false }, COOLDOWN)
  @Min(0, COOLDOWN)
  @Max(8760, COOLDOWN)
  cooldown_hours?: number;

  /** How often the rule is due, in minutes from 1 to 10,080 (a week); null follows the schedule of the deployment. */
  @ApiPropertyOptional({ type: 'integer', nullable: true })
  @ValidateIf((_, value) => value !== undefined && value !== null)
  @IsInt(INTERVAL)
  @Min(1, INTERVAL)
  @Max(10_080, INTERVAL)
  evaluation_interval_minutes?: number | null;

  /** Whether the rule is evaluated at all. Default true. */
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean({ message: 'must be true or false' })
  is_enabled?: boolean;

  /** Whether admins and leads are told in the app. By e-mail they are told as each of them prefers. Default true. */
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean({ message: 'must be true or false' })
  notify_in_app?: boolean;

  /** Whether the rule's own webhook is told. Endpoints subscribed to `alert.fired` are told in any case. Default false. */
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean({ message: 'must be true or false' })
  notify_webhook?: boolean;

  /** The rule's own webhook; null for none. */
  @ValidateIf((_, value) => value !== undefined && value !== null)
  @IsUUID(undefined, { message: 'must be the id of a webhook of this organisation, or null' })
  webhook_id?: string | null;

  /** What a firing does while an earlier alert of the rule is open: `new_instance` (default) opens another, `update_open` refreshes it. */
  @ValidateIf((_, value) => value !== undefined)
  @IsIn(ON_REPEAT, { message: `must be one of ${ON_REPEAT.join(', ')}` })
  on_repeat?: OnRepeat;
}

/** Changes to a rule: what is left out stays as it is. */
export class UpdateRuleRequest {
  /** What people call the rule, 1 to 200 characters. */
  @ValidateIf((_, value) => value !== undefined)
  @IsName()
  name?: string;

  /** What the rule is for, at most 2,000 characters. */
  @ValidateIf((_, value) => value !== undefined)
  @IsString({ message: 'must be text of at most 2000 characters' })
  @MaxLength(2000, { message: 'must be text of at most 2000 characters' })
  description?: string;

  /** May be sent only as it is: a rule keeps its type. */
  @ValidateIf((_, value) => value !== undefined)
  @IsString({ message: "must be the rule's own type, or be left out" })
  rule_type?: string;

  /** `critical`, `high`, `medium`, `low` or `info`. */
  @ValidateIf((_, value) => value !== undefined)
  @IsIn(SEVERITIES, { message: `must be one of ${SEVERITIES.join(', ')}` })
  severity?: Severity;

  /** Settings to change; those left out keep their values. */
  @ValidateIf((_, value) => value !== undefined)
  @IsObject({ message: 'must be an object with settings of the rule type' })
  config?: Record<string, unknown>;

  /** The techniques that the rule is limited to, in place of those that it was; null: all. */
  @IsScope()
  scope?: TechniqueScopeRequest | null;

  /** Hours after a firing in which the rule is not evaluated. 0: none. */
  @ValidateIf((_, value) => value !== undefined)
  @IsNumber({ allowNaN: false, allowInfinity: false }, COOLDOWN)
  @Min(0, COOLDOWN)
  @Max(8760, COOLDOWN)
  cooldown_hours?: number;

  /** How often the rule is due, in minutes from 1 to 10,080 (a week); null follows the schedule of the deployment. */
  @ApiPropertyOptional({ type: 'integer', nullable: true })
  @ValidateIf((_, value) => value !== undefined && value !== null)
  @IsInt(INTERVAL)
  @Min(1, INTERVAL)
  @Max(10_080, INTERVAL)
  evaluation_interval_minutes?: number | null;

  /** Whether the rule is evaluated at all. */
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean({ message: 'must be true or false' })
  is_enabled?: boolean;

  /** Whether admins and leads are told in the app. By e-mail they are told as each of them prefers. */
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean({ message: 'must be true or false' })
  notify_in_app?: boolean;

  /** Whether the rule's own webhook is told. */
  @ValidateIf((_, value) => value !== undefined)
  @IsBoolean({ message: 'must be true or false' })
  notify_webhook?: boolean;

  /** The rule's own webhook; null for none. */
  @ValidateIf((_, value) => value !== undefined && value !== null)
  @IsUUID(undefined, { message: 'must be the id of a webhook of this organisation, or null' })
  webhook_id?: string | null;

  /** `new_instance` or `update_open`. */
  @ValidateIf((_, value) => value !== undefined)
  @IsIn(ON_REPEAT, { message: `must be one of ${ON_REPEAT.join(', ')}` })
  on_repeat?: OnRepeat;
}

/** Which rules to list. */
export class ListRulesQuery extends PageQuery {
  /** Only rules of this type. */
  @IsOptional()
  @IsString(LISTED_TYPE)
  @MaxLength(100, LISTED_TYPE)
  rule_type?: string;

  /** Whether disabled rules are listed too. */
  @QueryBoolean()
  include_disabled?: boolean = false;
}
