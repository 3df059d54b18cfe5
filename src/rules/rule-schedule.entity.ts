import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/**
 * The schedule of all enabled rules of an organisation with the same interval: one row, so that a tick writes one row.
 * The transaction that has locked it evaluates these rules. A tick removes a due row without enabled rules.
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

  /** The last tick. Evaluations between ticks are stored with each rule. */
  @Column({ type: 'timestamptz', nullable: true })
  lastEvaluatedAt: Date | null;
}
