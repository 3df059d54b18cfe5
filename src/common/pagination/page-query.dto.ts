import { IsOptional, IsString, MaxLength } from 'class-validator';
import { QueryInteger } from '../query-number.js';

const CURSOR_RULE = { message: 'must be the next_cursor of an earlier page, unchanged' };

/** The paging parameters that every list takes. A list class extends it with its own filters. */
export class PageQuery {
  /** How many items to answer at most, 1 to 500. */
  @QueryInteger({ min: 1, max: 500 })
  limit?: number = 50;

  /** How many items to pass over, from the start of the list. Deep pages are faster by `cursor`. */
  @QueryInteger({ min: 0, max: 1_000_000_000 })
  offset?: number;

  /** `next_cursor` of the page before. */
  @IsOptional()
  @IsString(CURSOR_RULE)
  @MaxLength(600, CURSOR_RULE)
  cursor?: string;
}
