import { IsIn, IsOptional, IsString, IsUUID, Matches, MaxLength, ValidateIf } from 'class-validator';
import { ATTACK_ID_PATTERN, ATTACK_ID_WORDS } from '../catalogue/words/index.js';
import { INSTANT_WORDS, IsInstant } from '../common/instant.js';
import { PageQuery } from '../common/pagination/index.js';
import {
  REVALIDATION_STATUSES,
  REVIEW_OUTCOMES,
  type RevalidationStatus,
  type ReviewOutcome,
} from '../posture/words/index.js';

const REASON = { message: 'must be text of at most 2000 characters, or null' };
const MEMBER = { message: 'must be the id of an active member of this organisation, or null' };
const DUE = { message: `${INSTANT_WORDS}, or null` };
const STATUS = { message: `must be one of ${REVALIDATION_STATUSES.join(', ')}` };

/** Which items of the queue to list. */
export class ListRevalidationItemsQuery extends PageQuery {
  /** `pending`, `in_progress`, `done` or `cancelled`. */
  @IsOptional()
  @IsIn(REVALIDATION_STATUSES, STATUS)
  status?: RevalidationStatus;

  /** Only items of this person. */
  @IsOptional()
  @IsUUID(undefined, { message: 'must be the id of a user' })
  assignee_id?: string;
}

/** A technique that is to be validated again. */
export class CreateRevalidationItemRequest {
  /** ATT&CK id of a technique in scope, such as `T1059.001`, that no unfinished item waits for. */
  @Matches(ATTACK_ID_PATTERN, { message: ATTACK_ID_WORDS })
  attack_id: string;

  /** Why, at most 2,000 characters. */
  @IsOptional()
  @IsString(REASON)
  @MaxLength(2000, REASON)
  reason?: string | null;

  /** Who is to do it: an active member of the organisation. */
  @IsOptional()
  @IsUUID(undefined, MEMBER)
  assignee_id?: string | null;

  /** By when: ISO 8601 date, or date and time with a zone. */
  @IsOptional()
  @IsInstant(DUE)
  due_at?: string | null;
}

/** What changes of an item: what is left out stays as it is. */
export class UpdateRevalidationItemRequest {
  /** `done` and `cancelled` finish the item; any other status opens it again. */
  @ValidateIf((_, value) => value !== undefined)
  @IsIn(REVALIDATION_STATUSES, STATUS)
  status?: RevalidationStatus;

  /**
   * What came of the review, with status `done`: `passed` makes the technique `validated`, `partial` makes it `partial` and `failed` `not_covered`, and the review
   * is its last. Left out, the item is done and the technique stays as it is.
   */
  @ValidateIf((_, value) => value !== undefined)
  @IsIn(REVIEW_OUTCOMES, { message: `must be one of ${REVIEW_OUTCOMES.join(', ')}` })
  outcome?: ReviewOutcome;

  /** When the review was, with an outcome: ISO 8601 date, or date and time with a zone; not in the future and not before the technique's last review. Default: now. */
  @ValidateIf((_, value) => value !== undefined)
  @IsInstant({ message: INSTANT_WORDS })
  reviewed_at?: string;

  /** null: nobody. */
  @IsOptional()
  @IsUUID(undefined, MEMBER)
  assignee_id?: string | null;

  /** ISO 8601 date, or date and time with a zone; null: none. */
  @IsOptional()
  @IsInstant(DUE)
  due_at?: string | null;

  /** At most 2,000 characters; null: none. */
  @IsOptional()
  @IsString(REASON)
  @MaxLength(2000, REASON)
  reason?: string | null;
}
