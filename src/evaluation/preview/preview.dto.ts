import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import {
  IsBoolean,
  IsIn,
  IsNumber,
  IsObject,
  IsString,
  IsUUID,
  Max,
  MaxLength,
  Min,
  ValidateIf,
  type ValidationOptions,
} from 'class-validator';
import { ON_REPEAT, SEVERITIES, type OnRepeat, type Severity } from '../../common/alerting.js';
import { INSTANT_WORDS, IsInstant } from '../../common/instant.js';
import { IsScope, TechniqueScopeRequest } from '../../posture/index.js';
import { BACKTEST_STEPS, type BacktestStep } from './backtest.service.js';

const STEPS = Object.keys(BACKTEST_STEPS) as BacktestStep[];
const TYPE: ValidationOptions = { message: 'must be one of the types that GET /rule-types lists' };
const COOLDOWN: ValidationOptions = { message: 'must be a number of hours from 0 (no cooldown) to 8760' };
const FLAG: ValidationOptions = { message: 'must be true or false' };

/** What is left out is left alone; null is refused. */
const IsGiven = (): PropertyDecorator => ValidateIf((_, value) => value !== undefined);

/** A rule to be tried without being saved: a new one, which has a `rule_type`, or a saved one, by `rule_id`, with what would change of it. */
export class TrialRuleRequest {
  /** A saved rule. Whether it is enabled does not matter. */
  @IsGiven()
  @IsUUID(undefined, { message: 'must be the id of a rule of this organisation' })
  rule_id?: string;

  /** One of the types that `GET /rule-types` lists. A saved rule keeps its own. */
  @IsGiven()
  @IsString(TYPE)
  @MaxLength(100, TYPE)
  rule_type?: string;

  /** Settings of the type. What is left out takes the saved rule's value, or the type's default. */
  @IsGiven()
  @IsObject({ message: 'must be an object with settings of the rule type' })
  config?: Record<string, unknown>;

  /** The techniques that the rule is limited to; null: all. Default: the saved rule's, or all. */
  @IsScope()
  scope?: TechniqueScopeRequest | null;

  /** It matters to whom would be told. Default: the saved rule's, or `medium`. */
  @IsGiven()
  @IsIn(SEVERITIES, { message: `must be one of ${SEVERITIES.join(', ')}` })
  severity?: Severity;

  /** Hours after a firing in which the rule does not fire. 0: none. Default: the saved rule's, or 24. */
  @IsGiven()
  @IsNumber({ allowNaN: false, allowInfinity: false }, COOLDOWN)
  @Min(0, COOLDOWN)
  @Max(8760, COOLDOWN)
  cooldown_hours?: number;

  /** Default: the saved rule's, or `new_instance`. */
  @IsGiven()
  @IsIn(ON_REPEAT, { message: `must be one of ${ON_REPEAT.join(', ')}` })
  on_repeat?: OnRepeat;

  /** Default: the saved rule's, or true. */
  @IsGiven()
  @IsBoolean(FLAG)
  notify_in_app?: boolean;

  /** Default: the saved rule's, or false. */
  @IsGiven()
  @IsBoolean(FLAG)
  notify_webhook?: boolean;

  /** The rule's own webhook; null for none. */
  @ValidateIf((_, value) => value !== undefined && value !== null)
  @IsUUID(undefined, { message: 'must be the id of a webhook of this organisation, or null' })
  webhook_id?: string | null;
}

/** Would the rule fire? */
export class PreviewRequest extends TrialRuleRequest {
  /** An instant of the past, to ask whether it would have fired then: ISO 8601 date, or date and time with a zone. Default: now. */
  @ApiPropertyOptional({ format: 'date-time' })
  @IsGiven()
  @IsInstant({ message: INSTANT_WORDS })
  at?: string;
}

/** When would the rule have fired? */
export class BacktestRequest extends TrialRuleRequest {
  /** The first instant: ISO 8601 date, or date and time with a zone. */
  @ApiProperty({ format: 'date-time' })
  @IsInstant({ message: INSTANT_WORDS })
  from: string;

  /** The rule is evaluated up to then. Default: now. */
  @ApiPropertyOptional({ format: 'date-time' })
  @IsGiven()
  @IsInstant({ message: INSTANT_WORDS })
  to?: string;

  /** How far apart the evaluations are: an hour, 24 hours or 7 times 24 hours. At most 1,100 evaluations. */
  @ApiPropertyOptional({ enum: STEPS })
  @IsGiven()
  @IsIn(STEPS, { message: `must be one of ${STEPS.join(', ')}` })
  step?: BacktestStep = 'day';
}
