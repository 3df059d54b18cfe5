import { ApiProperty } from '@nestjs/swagger';

export class RevalidationTierResponse {
  /** The lowest risk score of the tier. */
  from_risk: number;
  /** How long a validation holds, in days of 24 hours. */
  @ApiProperty({ type: 'integer' })
  days: number;
}

/** When validated techniques go into the revalidation queue by themselves. */
export class RevalidationPolicyResponse {
  is_enabled: boolean;
  /** Highest risk first. Techniques without a risk score belong to the last. */
  tiers: RevalidationTierResponse[];
  /** By when an item is to be done, in days of 24 hours after it was added. */
  @ApiProperty({ type: 'integer' })
  due_in_days: number;
  /** Null of the policy that every organisation begins with. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  updated_at: string | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  updated_by: string | null;
}

export class RevalidationRunResponse {
  /** How many techniques were put into the queue, or would be. */
  @ApiProperty({ type: 'integer' })
  added: number;
  dry_run: boolean;
  /** Validated techniques in scope that have no review date: nobody knows how old their validation is, so that the policy leaves them alone. */
  @ApiProperty({ type: 'integer' })
  without_review_date: number;
}
