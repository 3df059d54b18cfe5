import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';

/** A measured value of a rule. It is valid until the next measurement. */
@Entity('rule_measurement')
@ForeignKey('RuleState', ['organizationId', 'ruleId'], ['organizationId', 'ruleId'], { onDelete: 'CASCADE' })
@Index('rule_measurement_measured_at_idx', ['measuredAt'])
export class RuleMeasurement {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  ruleId: string;

  @PrimaryColumn({ type: 'timestamptz' })
  measuredAt: Date;

  /** In the unit of the rule type; null if there was nothing to measure. */
  @Column({ type: 'double precision', nullable: true })
  measured: number | null;

  @Column({ type: 'double precision' })
  threshold: number;

  @Column({ type: 'boolean' })
  breached: boolean;
}
