import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/**
 * How many days of 24 hours a validation is good for, from a risk score up. The form in which it is stored and sent.
 */
export interface RevalidationTier {
  from_risk: number;
  days: number;
}

/**
 * When Vedette adds validated techniques of an organisation to the revalidation queue. An organisation without a row
 * has the default policy.
 */
@Entity('revalidation_policy')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Check('revalidation_policy_due_in_days_check', 'due_in_days BETWEEN 1 AND 365')
export class RevalidationPolicy {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'boolean' })
  isEnabled: boolean;

  /**
   * Highest risk first. The last tier starts at 0, so every technique belongs to one; those without a risk score belong
   * to the last.
   */
  @Column({ type: 'jsonb' })
  tiers: RevalidationTier[];

  /** The time to complete an item, in days of 24 hours after it was added. */
  @Column({ type: 'integer' })
  dueInDays: number;

  @Column({ type: 'timestamptz' })
  updatedAt: Date;

  @Column({ type: 'uuid' })
  updatedBy: string;
}
