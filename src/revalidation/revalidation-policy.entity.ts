import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';

/** From a risk score up, how many days of 24 hours a validation holds. As it is kept and sent. */
export interface RevalidationTier {
  from_risk: number;
  days: number;
}

/** When validated techniques of an organisation go into the revalidation queue by themselves. An organisation without a row has the default policy. */
@Entity('revalidation_policy')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Check('revalidation_policy_due_in_days_check', 'due_in_days BETWEEN 1 AND 365')
export class RevalidationPolicy {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'boolean' })
  isEnabled: boolean;

  /** Highest risk first, the last from 0, so that every technique is of one tier; one without a risk score is of the last. */
  @Column({ type: 'jsonb' })
  tiers: RevalidationTier[];

  /** By when an item is to be done, in days of 24 hours after it was added. */
  @Column({ type: 'integer' })
  dueInDays: number;

  @Column({ type: 'timestamptz' })
  updatedAt: Date;

  @Column({ type: 'uuid' })
  updatedBy: string;
}
