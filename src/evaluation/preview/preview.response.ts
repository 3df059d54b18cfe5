import { ApiProperty } from '@nestjs/swagger';
import { ON_REPEAT, SEVERITIES, type OnRepeat, type Severity } from '../../common/alerting.js';
import { ScopeProperty, type TechniqueScope } from '../../posture/index.js';
import { OUTCOMES, type Outcome } from '../rule-outcome.js';

/** The rule as it was tried: complete, with what was left out filled in. */
export class TrialRuleResponse {
  /** Null for a rule that was never saved. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  rule_id: string | null;
  rule_type: string;
  @ApiProperty({ type: 'object', additionalProperties: true })
  config: Record<string, unknown>;
  /** The techniques that the rule is limited to; null: all. */
  @ScopeProperty()
  scope: TechniqueScope | null;
  @ApiProperty({ enum: SEVERITIES })
  severity: Severity;
  cooldown_hours: number;
  @ApiProperty({ enum: ON_REPEAT })
  on_repeat: OnRepeat;
}

export class ToldEndpointResponse {
  id: string;
  name: string;
}

/** Whom an alert of the rule would be told to, by what people and endpoints want now. */
export class ToldResponse {
  /** By any channel. */
  @ApiProperty({ type: 'integer' })
  people: number;
  @ApiProperty({ type: 'integer' })
  people_in_app: number;
  /** At once or in a digest. */
  @ApiProperty({ type: 'integer' })
  people_by_email: number;
  endpoints: ToldEndpointResponse[];
}

/** What an evaluation of the rule would come to. Nothing of it was written. */
export class PreviewResponse {
  /** The instant of which it was asked. */
  @ApiProperty({ format: 'date-time' })
  at: string;
  rule: TrialRuleResponse;
  /** Since when the history has the organisation's posture whole: of an earlier instant, some techniques may be missing. Null of now. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  known_since: string | null;
  /** What an evaluation would have made of the rule. */
  @ApiProperty({ enum: OUTCOMES })
  outcome: Outcome;
  /** Whether it would open an alert, or refresh the open one where the rule says `on_repeat: update_open`. */
  would_fire: boolean;
  /** Whether a cooldown alone may keep it from firing; it is measured all the same. Of a new rule always false. */
  in_cooldown: boolean;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  cooldown_until: string | null;
  /** The value measured, in the unit of the rule type; null when there was nothing to measure. */
  @ApiProperty({ type: Number, nullable: true })
  measured: number | null;
  @ApiProperty({ type: Number, nullable: true })
  threshold: number | null;
  /** Whether the value measured reaches the threshold. */
  breached: boolean;
  /** The evidence, with the keys that an alert of the type has; null where measuring failed. */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  details: Record<string, unknown> | null;
  /** The words of the alert; null unless it breaches. */
  @ApiProperty({ type: String, nullable: true })
  title: string | null;
  @ApiProperty({ type: String, nullable: true })
  message: string | null;
  /** Why it could not be measured. */
  @ApiProperty({ type: String, nullable: true })
  error: string | null;
  told: ToldResponse;
}

/** One evaluation of a backtest. */
export class BacktestPointResponse {
  @ApiProperty({ format: 'date-time' })
  at: string;
  /** Null when there was nothing to measure yet. */
  @ApiProperty({ type: Number, nullable: true })
  measured: number | null;
  threshold: number;
  breached: boolean;
  @ApiProperty({ enum: OUTCOMES })
  outcome: Outcome;
}

/** An alert that would have opened, or been refreshed. */
export class BacktestFiringResponse {
  @ApiProperty({ format: 'date-time' })
  at: string;
  @ApiProperty({ enum: ['fired', 'refreshed'] })
  outcome: 'fired' | 'refreshed';
  title: string;
  message: string;
}

export class BacktestSummaryResponse {
  /** How many alerts would have opened. */
  @ApiProperty({ type: 'integer' })
  fired: number;
  /** How often an open alert would have been refreshed. Nobody is told of that. */
  @ApiProperty({ type: 'integer' })
  refreshed: number;
  /** How many people would have been told at least once. */
  @ApiProperty({ type: 'integer' })
  people_told: number;
  /** How often all of them together, in the app and by e-mail. */
  @ApiProperty({ type: 'integer' })
  notices: number;
  /** How many webhooks would have been sent. */
  @ApiProperty({ type: 'integer' })
  webhooks: number;
}

/** What evaluations of the rule would have come to. It begins as a rule that never fired, and nobody finishes its alerts. Nothing of it was written. */
export class BacktestResponse {
  rule: TrialRuleResponse;
  @ApiProperty({ format: 'date-time' })
  from: string;
  /** The instant of the last evaluation. */
  @ApiProperty({ format: 'date-time' })
  to: string;
  /** Since when the history has the organisation's posture whole: before, some or all techniques are missing from what is measured. Null where it has none. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  known_since: string | null;
  summary: BacktestSummaryResponse;
  /** Whom each alert would be told to. */
  told: ToldResponse;
  /** Oldest first. */
  firings: BacktestFiringResponse[];
  /** Every evaluation, oldest first. */
  points: BacktestPointResponse[];
}
