import { ApiProperty } from '@nestjs/swagger';
import { ON_REPEAT, SEVERITIES, type OnRepeat, type Severity } from '../common/alerting.js';
import { ScopeProperty, type TechniqueScope } from '../posture/index.js';

/** A rule and its state. */
export class RuleResponse {
  id: string;
  name: string;
  description: string;
  rule_type: string;
  @ApiProperty({ enum: SEVERITIES })
  severity: Severity;
  /** Settings of the type: all of them, except optional ones that are off. */
  @ApiProperty({ type: 'object', additionalProperties: true })
  config: Record<string, unknown>;
  /** The techniques that the rule is limited to; null: all. */
  @ScopeProperty()
  scope: TechniqueScope | null;
  /** Hours after a firing in which the rule is not evaluated. */
  cooldown_hours: number;
  /** How often the rule is due; null follows the schedule of the deployment. */
  @ApiProperty({ type: 'integer', nullable: true })
  evaluation_interval_minutes: number | null;
  is_enabled: boolean;
  /** Seeded by Vedette: it can be edited and disabled, not deleted. */
  is_system: boolean;
  notify_in_app: boolean;
  notify_webhook: boolean;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  webhook_id: string | null;
  @ApiProperty({ enum: ON_REPEAT })
  on_repeat: OnRepeat;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_fired_at: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  last_evaluated_at: string | null;
  /** The error of the last evaluation; null if it had none. */
  @ApiProperty({ type: String, nullable: true })
  last_error: string | null;
  /** The user or API key that created the rule; null for a system rule. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  created_by: string | null;
  @ApiProperty({ format: 'date-time' })
  created_at: string;
  @ApiProperty({ format: 'date-time' })
  updated_at: string;
}

export class RuleListResponse {
  items: RuleResponse[];
  /** The number of matching rules on all pages. */
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}

/** A rule type: what it measures, and the settings that a rule of it takes. */
export class RuleTypeResponse {
  type: string;
  name: string;
  description: string;
  /**
   * JSON Schema (draft 7) of `config`: enough to build a form. Each setting has a title, a description, bounds or
   * choices, and a default. A setting with `optional: true` has no default: left out or null, it is off.
   */
  @ApiProperty({ type: 'object', additionalProperties: true })
  config_schema: Record<string, unknown>;
  /** The defaults of the settings that are not optional. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'number' } })
  defaults: Record<string, number>;
}

export class RuleTypeListResponse {
  items: RuleTypeResponse[];
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
