import { ApiPropertyOptional, PartialType } from '@nestjs/swagger';
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
} from 'class-validator';
import { ON_REPEAT, SEVERITIES, type OnRepeat, type Severity } from '../common/alerting.js';
import { IsGiven, IsGivenOrNull } from '../common/is-given.js';
import { IsName } from '../common/is-name.js';
import { PageQuery } from '../common/pagination/index.js';
import { QueryBoolean } from '../common/query-boolean.js';
import { IsScope, TechniqueScopeRequest } from '../posture/index.js';

const LISTED_TYPE = { message: 'must be a rule type, text of at most 100 characters' };

const NEW_TYPE = { message: 'must be one of the types that GET /rule-types lists' };

const DESCRIPTION = { message: 'must be text of at most 2000 characters' };

const COOLDOWN = { message: 'must be a number of hours from 0 (no cooldown) to 8760' };

const INTERVAL = { message: 'must be a whole number of minutes from 1 to 10080, or null' };

const FLAG = { message: 'must be true or false' };

/** The fields that a new rule, a change and a trial of a rule share. */
export class RuleSettings {
  /** What people call the rule, 1 to 200 characters. */
  @IsName()
  name: string;

  /** What the rule is for, at most 2,000 characters. */
  @IsGiven()
  @IsString(DESCRIPTION)
  @MaxLength(2000, DESCRIPTION)
  description?: string;

  /** `critical`, `high`, `medium`, `low` or `info`. */
  @IsIn(SEVERITIES, { message: `must be one of ${SEVERITIES.join(', ')}` })
  severity: Severity;

  /**
   * Settings of the type. A setting that is left out takes the type's default in a new rule, and keeps its value in a
   * change.
   */
  @IsGiven()
  @IsObject({ message: 'must be an object with settings of the rule type' })
  config?: Record<string, unknown>;

  /** The techniques that the rule is limited to; null: all, as in a new rule without a scope. */
  @IsScope()
  scope?: TechniqueScopeRequest | null;

  /** Hours after a firing in which the rule is not evaluated. 0: none. A new rule has 24. */
  @IsGiven()
  @IsNumber({ allowNaN: false, allowInfinity: false }, COOLDOWN)
  @Min(0, COOLDOWN)
  @Max(8760, COOLDOWN)
  cooldown_hours?: number;

  /** How often the rule is due, in minutes from 1 to 10,080 (a week); null follows the schedule of the deployment. */
  @ApiPropertyOptional({ type: 'integer', nullable: true })
  @IsGivenOrNull()
  @IsInt(INTERVAL)
  @Min(1, INTERVAL)
  @Max(10_080, INTERVAL)
  evaluation_interval_minutes?: number | null;

  /** Whether the rule is evaluated at all. A new rule has true. */
  @IsGiven()
  @IsBoolean(FLAG)
  is_enabled?: boolean;

  /**
   * Whether admins and leads are notified in the app. E-mail follows the preferences of each person. A new rule has
   * true.
   */
  @IsGiven()
  @IsBoolean(FLAG)
  notify_in_app?: boolean;

  /**
   * Whether the rule's own webhook gets its alerts; true needs a `webhook_id`. Endpoints subscribed to `alert.fired`
   * get them in any case. A new rule has false.
   */
  @IsGiven()
  @IsBoolean(FLAG)
  notify_webhook?: boolean;

  /** The rule's own webhook; null for none. */
  @IsGivenOrNull()
  @IsUUID(undefined, { message: 'must be the id of a webhook of this organisation, or null' })
  webhook_id?: string | null;

  /**
   * What a firing does while an earlier alert of the rule is open: `new_instance` opens another, `update_open`
   * refreshes it. A new rule has `new_instance`.
   */
  @IsGiven()
  @IsIn(ON_REPEAT, { message: `must be one of ${ON_REPEAT.join(', ')}` })
  on_repeat?: OnRepeat;
}

/** A new rule. */
export class CreateRuleRequest extends RuleSettings {
  /** One of the types that `GET /rule-types` lists. It cannot be changed later. */
  @IsString(NEW_TYPE)
  @MaxLength(100, NEW_TYPE)
  rule_type: string;

  /** What the rule is for, at most 2,000 characters. */
  @IsOptional()
  override description?: string;

  /** Settings of the type. A setting that is left out takes the type's default. */
  @IsOptional()
  override config?: Record<string, unknown>;
}

/** Changes to a rule: a field that is left out stays as it is, and so does one that is null and cannot be null. */
export class UpdateRuleRequest extends PartialType(RuleSettings, { skipNullProperties: false }) {
  /** Only the rule's own type is accepted: a rule keeps its type. */
  @IsGiven()
  @IsString({ message: "must be the rule's own type, or be left out" })
  rule_type?: string;
}

/** Selects rules. */
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
