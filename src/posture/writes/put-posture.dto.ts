import { ApiProperty } from '@nestjs/swagger';
import { MAX_TAGS } from '../words/tags.js';
import { TECHNIQUE_STATUSES, type TechniqueStatus } from '../words/technique-status.js';
import { MAX_ITEMS } from './posture-items.js';

/** Changes to the posture of one technique. A field that is left out stays unchanged; null clears it. */
export class PostureItemRequest {
  /** ATT&CK id, such as `T1059.001`. A call may contain each technique once. */
  @ApiProperty({ pattern: '^[Tt][0-9]{4}([.][0-9]{3})?$', example: 'T1059.001' })
  attack_id: string;

  /** null: `not_evaluated`. */
  @ApiProperty({ enum: [...TECHNIQUE_STATUSES, null], type: String, nullable: true, required: false })
  status_global?: TechniqueStatus | null;

  /** ISO 8601 date, or date and time with a zone; not in the future. */
  @ApiProperty({ type: String, nullable: true, required: false, example: '2026-03-01' })
  last_review_date?: string | null;

  /** 0 to 100. */
  @ApiProperty({ type: Number, minimum: 0, maximum: 100, nullable: true, required: false })
  risk_score?: number | null;

  /** Id of an active member of the organisation. Not together with `owner_email`. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true, required: false })
  owner_id?: string | null;

  /** E-mail address of an active member of the organisation. Not together with `owner_id`. */
  @ApiProperty({ type: String, format: 'email', nullable: true, required: false })
  owner_email?: string | null;

  /**
   * All tags of the technique; they replace its current tags. The organisation's own words, kept in lower case. null:
   * none.
   */
  @ApiProperty({ type: [String], maxItems: MAX_TAGS, nullable: true, required: false, example: ['crown-jewels'] })
  tags?: string[] | null;
}

export class PutPostureRequest {
  /** Vedette writes all items or none. */
  @ApiProperty({ type: [PostureItemRequest], minItems: 1, maxItems: MAX_ITEMS })
  items: PostureItemRequest[];
}
