import { IsOptional, IsString, MaxLength } from 'class-validator';
import { QueryInteger } from '../query-number.js';

const CURSOR_RULE = { message: 'must be the next_cursor of an earlier page, unchanged' };

/** The paging parameters of every list. Query classes extend it with their own filters. */
export class PageQuery {
  /** The maximum number of items, 1 to 500. */
  @QueryInteger({ min: 1, max: 500 })
  limit?: number = 50;

  /** The number of items to skip from the start of the list. For deep pages, `cursor` is faster. */
  @QueryInteger({ min: 0, max: 1_000_000_000 })
  offset?: number;

  /** The `next_cursor` of the previous page. */
  @IsOptional()
  @IsString(CURSOR_RULE)
  @MaxLength(600, CURSOR_RULE)
  cursor?: string;
}
