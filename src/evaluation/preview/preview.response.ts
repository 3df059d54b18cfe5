import { ApiProperty } from '@nestjs/swagger';
import { ON_REPEAT, SEVERITIES, type OnRepeat, type Severity } from '../../common/alerting.js';
import { ScopeProperty, type TechniqueScope } from '../../posture/index.js';
import { OUTCOMES, type Outcome } from '../rule-outcome.js';

/** The rule that was tried, complete with defaults. */
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

export class AudienceEndpointResponse {
  id: string;
  name: string;
}

/** The people and endpoints that an alert of the rule would reach, by their current preferences and subscriptions. */
export class AudienceResponse {
  /** By any channel. */
  @ApiProperty({ type: 'integer' })
  people: number;
  @ApiProperty({ type: 'integer' })
  people_in_app: number;
  /** Immediately or in a digest. */
  @ApiProperty({ type: 'integer' })
  people_by_email: number;
  endpoints: AudienceEndpointResponse[];
}

/** The result that an evaluation of the rule would have. Nothing was stored. */
export class PreviewResponse {
  /** The instant of the evaluation. */
  @ApiProperty({ format: 'date-time' })
  at: string;
  rule: TrialRuleResponse;
  /**
   * When the complete history of the posture begins: at an earlier instant, techniques may be missing. Null for an
   * evaluation now.
   */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  known_since: string | null;
  /** The outcome that the evaluation would have. */
  @ApiProperty({ enum: OUTCOMES })
  outcome: Outcome;
  /** Whether it would open an alert, or refresh the open one of a rule with `on_repeat: update_open`. */
  would_fire: boolean;
  /** Whether a cooldown keeps it from firing. It is measured all the same. Always false for a new rule. */
  in_cooldown: boolean;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  cooldown_until: string | null;
  /** The measured value, in the unit of the rule type; null when there was nothing to measure. */
  @ApiProperty({ type: Number, nullable: true })
  measured: number | null;
  /**
   * The value at which the rule fires, in the same unit. In `details` of `high_risk`, `threshold` is the risk score.
   */
  @ApiProperty({ type: Number, nullable: true })
  threshold: number | null;
  /** Whether the measured value reaches the threshold. */
  breached: boolean;
  /** The evidence, with the keys of an alert of the type; null if measuring failed. */
  @ApiProperty({ type: 'object', additionalProperties: true, nullable: true })
  details: Record<string, unknown> | null;
  /** The text of the alert; null unless the rule breaches. */
  @ApiProperty({ type: String, nullable: true })
  title: string | null;
  @ApiProperty({ type: String, nullable: true })
  message: string | null;
  /** Why measuring failed; null if it did not. */
  @ApiProperty({ type: String, nullable: true })
  error: string | null;
  told: AudienceResponse;
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
  /** The number of alerts that would have opened. */
  @ApiProperty({ type: 'integer' })
  fired: number;
  /** How often an open alert would have been refreshed. A refresh notifies no one. */
  @ApiProperty({ type: 'integer' })
  refreshed: number;
  /** The number of people who would have been notified at least once. */
  @ApiProperty({ type: 'integer' })
  people_told: number;
  /** The number of notices to all people together, in the app and by e-mail. */
  @ApiProperty({ type: 'integer' })
  notices: number;
  /** The number of webhooks that would have been sent. */
  @ApiProperty({ type: 'integer' })
  webhooks: number;
}

/**
 * The results that evaluations of the rule would have had. The rule starts as one that never fired, and its alerts
 * stay open. Nothing was stored.
 */
export class BacktestResponse {
  rule: TrialRuleResponse;
  @ApiProperty({ format: 'date-time' })
  from: string;
  /** The instant of the last evaluation. */
  @ApiProperty({ format: 'date-time' })
  to: string;
  /**
   * When the complete history of the posture begins: measurements before it lack techniques. Null without a history.
   */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  known_since: string | null;
  summary: BacktestSummaryResponse;
  /** The people and endpoints that each alert would reach. */
  told: AudienceResponse;
  /** Oldest first. */
  firings: BacktestFiringResponse[];
  /** Every evaluation, oldest first. */
  points: BacktestPointResponse[];
}
