import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { AlertRule } from './alert-rule.entity.js';

/**
 * Where a rule stands, but for what its {@link RuleSchedule} says of all its rules: written only when something changes or a pass comes between two ticks. The
 * view `rule_standing` puts both together.
 */
@Entity('rule_state')
@ForeignKey(() => AlertRule, ['organizationId', 'ruleId'], ['organizationId', 'id'], { onDelete: 'CASCADE' })
export class RuleState {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  ruleId: string;

  /** Since when the ticks of its schedule evaluate the rule; null while it is disabled. */
  @Column({ type: 'timestamptz', nullable: true })
  scheduledSince: Date | null;

  /** The last evaluation that was no tick's, or that came before {@link scheduledSince}. */
  @Column({ type: 'timestamptz', nullable: true })
  lastEvaluatedAt: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  lastFiredAt: Date | null;

  @Column({ type: 'text', nullable: true })
  lastError: string | null;

  @Column({ type: 'integer', default: 0 })
  consecutiveErrors: number;

  /** What the newest {@link RuleMeasurement} says, so that a pass that finds the same writes none. */
  @Column({ type: 'double precision', nullable: true })
  lastMeasured: number | null;

  @Column({ type: 'double precision', nullable: true })
  lastThreshold: number | null;

  /** Since when the rule measures that; null before its first measurement. */
  @Column({ type: 'timestamptz', nullable: true })
  lastMeasuredAt: Date | null;

  /** What it fired for last, of a rule that fires once for each occasion, such as a release of ATT&CK. */
  @Column({ type: 'text', nullable: true })
  lastOccasion: string | null;
}
