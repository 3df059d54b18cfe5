import { ApiProperty } from '@nestjs/swagger';

export class RevalidationTierResponse {
  /** The lowest risk score of the tier. */
  from_risk: number;
  /** How long a validation is good for, in days of 24 hours. */
  @ApiProperty({ type: 'integer' })
  days: number;
}

/** When Vedette adds validated techniques to the revalidation queue. */
export class RevalidationPolicyResponse {
  is_enabled: boolean;
  /** Highest risk first. Techniques without a risk score belong to the last tier. */
  tiers: RevalidationTierResponse[];
  /** The time to complete an item, in days of 24 hours after it was added. */
  @ApiProperty({ type: 'integer' })
  due_in_days: number;
  /** null for the default policy. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  updated_at: string | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  updated_by: string | null;
}

export class RevalidationRunResponse {
  /** How many techniques were added to the queue; with `dry_run`, how many would be. */
  @ApiProperty({ type: 'integer' })
  added: number;
  dry_run: boolean;
  /**
   * Validated techniques in scope without a review date. The policy skips them, because the age of their validation is
   * unknown.
   */
  @ApiProperty({ type: 'integer' })
  without_review_date: number;
}
