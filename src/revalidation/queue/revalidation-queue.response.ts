import { ApiProperty } from '@nestjs/swagger';
import {
  ITEM_SOURCES,
  REVALIDATION_STATUSES,
  REVIEW_OUTCOMES,
  type ItemSource,
  type RevalidationStatus,
  type ReviewOutcome,
} from '../../posture/words/index.js';

/** A technique that waits for revalidation. */
export class RevalidationItemResponse {
  @ApiProperty({ format: 'uuid' })
  id: string;
  @ApiProperty({ format: 'uuid' })
  technique_id: string;
  /** ATT&CK id, such as `T1059.001`. */
  attack_id: string;
  technique_name: string;
  @ApiProperty({ enum: REVALIDATION_STATUSES })
  status: RevalidationStatus;
  /** `policy`: the revalidation policy added it; `manual`: a user or API key did. */
  @ApiProperty({ enum: ITEM_SOURCES })
  source: ItemSource;
  /** The result of the review; null if the item is not done, or was done without an outcome. */
  @ApiProperty({ enum: [...REVIEW_OUTCOMES, null], type: String, nullable: true })
  outcome: ReviewOutcome | null;
  /** When the review with this outcome took place. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  reviewed_at: string | null;
  @ApiProperty({ type: String, nullable: true })
  reason: string | null;
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  assignee_id: string | null;
  @ApiProperty({ type: String, nullable: true })
  assignee_email: string | null;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  due_at: string | null;
  /** The user or API key that added it; null if the revalidation policy did. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  created_by: string | null;
  @ApiProperty({ format: 'date-time' })
  created_at: string;
  @ApiProperty({ format: 'date-time' })
  updated_at: string;
  /** When the item was done or cancelled. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  completed_at: string | null;
}

export class RevalidationItemListResponse {
  items: RevalidationItemResponse[];
  /** How many items match, on all pages. */
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}
