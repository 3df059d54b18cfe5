import { ApiProperty, ApiPropertyOptional, PartialType, PickType } from '@nestjs/swagger';
import { IsIn, IsString, IsUUID, MaxLength, type ValidationOptions } from 'class-validator';
import { INSTANT_WORDS, IsInstant } from '../../common/instant.js';
import { IsGiven } from '../../common/is-given.js';
import { RuleSettings } from '../../rules/index.js';
import { BACKTEST_STEPS, type BacktestStep } from './backtest.service.js';

const STEPS = Object.keys(BACKTEST_STEPS) as BacktestStep[];
const TYPE: ValidationOptions = { message: 'must be one of the types that GET /rule-types lists' };

/** The settings of a rule that change the result of a trial. */
class TrialSettings extends PickType(RuleSettings, [
  'config',
  'scope',
  'severity',
  'cooldown_hours',
  'on_repeat',
  'notify_in_app',
  'notify_webhook',
  'webhook_id',
]) {}

/**
 * A rule to try without saving it: a new one, with a `rule_type`, or a saved one, with its `rule_id` and the changes
 * to try. A field that is left out takes the value of the saved rule, or that of a new rule; the severity of a new rule
 * is then `medium`.
 */
export class TrialRuleRequest extends PartialType(TrialSettings, { skipNullProperties: false }) {
  /** A saved rule. It need not be enabled. */
  @IsGiven()
  @IsUUID(undefined, { message: 'must be the id of a rule of this organisation' })
  rule_id?: string;

  /** One of the types that `GET /rule-types` lists. A saved rule keeps its own. */
  @IsGiven()
  @IsString(TYPE)
  @MaxLength(100, TYPE)
  rule_type?: string;
}

/** A rule to evaluate once. */
export class PreviewRequest extends TrialRuleRequest {
  /** An instant of the past to evaluate at: ISO 8601 date, or date and time with a zone. Default: now. */
  @ApiPropertyOptional({ format: 'date-time' })
  @IsGiven()
  @IsInstant({ message: INSTANT_WORDS })
  at?: string;
}

/** A rule to evaluate at regular instants of the past. */
export class BacktestRequest extends TrialRuleRequest {
  /** The first instant: ISO 8601 date, or date and time with a zone. */
  @ApiProperty({ format: 'date-time' })
  @IsInstant({ message: INSTANT_WORDS })
  from: string;

  /** The rule is evaluated up to this instant. Default: now. */
  @ApiPropertyOptional({ format: 'date-time' })
  @IsGiven()
  @IsInstant({ message: INSTANT_WORDS })
  to?: string;

  /** The distance between evaluations: 1 hour, 24 hours or 168 hours. At most 1,100 evaluations. */
  @ApiPropertyOptional({ enum: STEPS })
  @IsGiven()
  @IsIn(STEPS, { message: `must be one of ${STEPS.join(', ')}` })
  step?: BacktestStep = 'day';
}
