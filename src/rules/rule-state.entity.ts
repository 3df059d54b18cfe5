import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { AlertRule } from './alert-rule.entity.js';

/**
 * The state of a rule. A tick writes it only if something changes, and stores its instant in the {@link RuleSchedule}.
 * The view `rule_standing` combines both.
 */
@Entity('rule_state')
@ForeignKey(() => AlertRule, ['organizationId', 'ruleId'], ['organizationId', 'id'], { onDelete: 'CASCADE' })
export class RuleState {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  ruleId: string;

  /** When the ticks of its schedule began to evaluate the rule; null while it is disabled. */
  @Column({ type: 'timestamptz', nullable: true })
  scheduledSince: Date | null;

  /** The last evaluation between ticks, or before {@link scheduledSince}. */
  @Column({ type: 'timestamptz', nullable: true })
  lastEvaluatedAt: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  lastFiredAt: Date | null;

  @Column({ type: 'text', nullable: true })
  lastError: string | null;

  @Column({ type: 'integer', default: 0 })
  consecutiveErrors: number;

  /** The value of the newest measurement. A pass writes a measurement only if it or the threshold differs. */
  @Column({ type: 'double precision', nullable: true })
  lastMeasured: number | null;

  @Column({ type: 'double precision', nullable: true })
  lastThreshold: number | null;

  /** When the rule first measured this value; null before its first measurement. */
  @Column({ type: 'timestamptz', nullable: true })
  lastMeasuredAt: Date | null;

  /** The occasion of the last firing, such as an ATT&CK release, for a rule that fires once for each occasion. */
  @Column({ type: 'text', nullable: true })
  lastOccasion: string | null;
}
