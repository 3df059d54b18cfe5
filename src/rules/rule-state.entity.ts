import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import { AlertRule } from './alert-rule.entity.js';

/** Where a rule stands: written by every pass, one narrow row a rule. */
@Entity('rule_state')
@ForeignKey(() => AlertRule, ['organizationId', 'ruleId'], ['organizationId', 'id'], { onDelete: 'CASCADE' })
@Index('rule_state_due_idx', { synchronize: false })
export class RuleState {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  ruleId: string;

  /** Null while the rule is disabled. */
  @Column({ type: 'timestamptz', nullable: true })
  nextEvaluationAt: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  lastEvaluatedAt: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  lastFiredAt: Date | null;

  @Column({ type: 'text', nullable: true })
  lastError: string | null;

  @Column({ type: 'integer', default: 0 })
  consecutiveErrors: number;
}
