import { IsIn, IsOptional, IsString, IsUUID, Matches, MaxLength } from 'class-validator';
import { ATTACK_ID_PATTERN, ATTACK_ID_WORDS } from '../../catalogue/words/index.js';
import { INSTANT_WORDS, IsInstant } from '../../common/instant.js';
import { IsGiven } from '../../common/is-given.js';
import { PageQuery } from '../../common/pagination/index.js';
import {
  REVALIDATION_STATUSES,
  REVIEW_OUTCOMES,
  type RevalidationStatus,
  type ReviewOutcome,
} from '../../posture/words/index.js';

const REASON = { message: 'must be text of at most 2000 characters, or null' };
const MEMBER = { message: 'must be the id of an active member of this organisation, or null' };
const DUE = { message: `${INSTANT_WORDS}, or null` };
const STATUS = { message: `must be one of ${REVALIDATION_STATUSES.join(', ')}` };

/** Filters of the list of queue items. */
export class ListRevalidationItemsQuery extends PageQuery {
  /** `pending`, `in_progress`, `done` or `cancelled`. */
  @IsOptional()
  @IsIn(REVALIDATION_STATUSES, STATUS)
  status?: RevalidationStatus;

  /** Only items of this user. */
  @IsOptional()
  @IsUUID(undefined, { message: 'must be the id of a user' })
  assignee_id?: string;
}

/** The fields that a new item and a change share. */
class RevalidationItemSettings {
  /** The reason, at most 2,000 characters; null: no reason. */
  @IsOptional()
  @IsString(REASON)
  @MaxLength(2000, REASON)
  reason?: string | null;

  /** The user who does the review: an active member of the organisation; null: no assignee. */
  @IsOptional()
  @IsUUID(undefined, MEMBER)
  assignee_id?: string | null;

  /** When the review is due: ISO 8601 date, or date and time with a zone; null: no due date. */
  @IsOptional()
  @IsInstant(DUE)
  due_at?: string | null;
}

/** A technique to validate again. */
export class CreateRevalidationItemRequest extends RevalidationItemSettings {
  /** ATT&CK id of a technique in scope, such as `T1059.001`, without an unfinished item. */
  @Matches(ATTACK_ID_PATTERN, { message: ATTACK_ID_WORDS })
  attack_id: string;
}

/** Changes to an item. A field that is left out stays unchanged. */
export class UpdateRevalidationItemRequest extends RevalidationItemSettings {
  /** `done` and `cancelled` finish the item; any other status opens it again. */
  @IsGiven()
  @IsIn(REVALIDATION_STATUSES, STATUS)
  status?: RevalidationStatus;

  /**
   * The result of the review, only with status `done`: `passed` makes the technique `validated`, `partial` makes it
   * `partial`, `failed` makes it `not_covered`; and its last review date is set. Left out: the item is done and the
   * technique stays unchanged.
   */
  @IsGiven()
  @IsIn(REVIEW_OUTCOMES, { message: `must be one of ${REVIEW_OUTCOMES.join(', ')}` })
  outcome?: ReviewOutcome;

  /**
   * When the review took place, only with an outcome: ISO 8601 date, or date and time with a zone; not in the future
   * and not before the technique's last review. Default: now.
   */
  @IsGiven()
  @IsInstant({ message: INSTANT_WORDS })
  reviewed_at?: string;
}
