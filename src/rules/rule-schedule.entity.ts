import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/**
 * When the enabled rules of an organisation that share an interval are due: one row for all of them, so that a tick claims and moves on one row. Who holds its
 * lock is evaluating those rules. A row without an enabled rule is removed when it comes due.
 */
@Entity('rule_schedule')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Check('rule_schedule_interval_minutes_check', 'interval_minutes BETWEEN 0 AND 10080')
@Index('rule_schedule_due_idx', ['nextEvaluationAt', 'organizationId', 'intervalMinutes'])
export class RuleSchedule {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  /** Minutes between two evaluations; 0 follows the schedule of the deployment. */
  @PrimaryColumn({ type: 'integer' })
  intervalMinutes: number;

  @Column({ type: 'timestamptz' })
  nextEvaluationAt: Date;

  /** The last tick, not what was evaluated between ticks: that stands with each rule. */
  @Column({ type: 'timestamptz', nullable: true })
  lastEvaluatedAt: Date | null;
}
