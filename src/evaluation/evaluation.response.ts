import { ApiProperty } from '@nestjs/swagger';
import { InstanceResponse } from '../instances/index.js';
import { EVALUATION_TRIGGERS, OUTCOMES, type EvaluationTrigger, type Outcome } from './rule-outcome.js';

/** The outcome of an evaluation for one rule. */
export class RuleOutcomeResponse {
  rule_id: string;
  /** The current name of the rule; null if the rule was deleted since. */
  @ApiProperty({ type: String, nullable: true })
  rule_name: string | null;
  @ApiProperty({ type: String, nullable: true })
  rule_type: string | null;
  @ApiProperty({ enum: OUTCOMES })
  outcome: Outcome;
  /** The measured value, in the unit of the rule type; null when nothing was measured. */
  @ApiProperty({ type: Number, nullable: true })
  measured: number | null;
  /**
   * The value at which the rule fires, in the same unit. In `details` of `high_risk`, `threshold` is the risk score.
   */
  @ApiProperty({ type: Number, nullable: true })
  threshold: number | null;
  /** The alert that was opened or refreshed. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  alert_id: string | null;
  @ApiProperty({ type: String, nullable: true })
  error: string | null;
}

/** One evaluation of the organisation. */
export class EvaluationRunResponse {
  id: string;
  @ApiProperty({ enum: EVALUATION_TRIGGERS })
  trigger: EvaluationTrigger;
  /** The user or API key that asked for it; null for the trigger `cron` or `posture_change`. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  requested_by: string | null;
  @ApiProperty({ format: 'date-time' })
  started_at: string;
  /** With three decimals. */
  duration_seconds: number;
  /** The number of rules, including rules in cooldown. */
  @ApiProperty({ type: 'integer' })
  rules_evaluated: number;
  /** The number of alerts that were opened. */
  @ApiProperty({ type: 'integer' })
  alerts_fired: number;
}

/** One evaluation, with each rule's outcome and the alerts that it opened. */
export class EvaluationResponse extends EvaluationRunResponse {
  alerts: InstanceResponse[];
  outcomes: RuleOutcomeResponse[];
}

export class EvaluationRunListResponse {
  items: EvaluationRunResponse[];
  /** The number of evaluations on all pages. */
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
