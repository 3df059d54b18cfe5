import { invalidField } from '../errors/index.js';
import { isUuid } from '../ids.js';

/** Where a page ends: the sort key and id of its last row. */
export interface KeysetCursor {
  key: string;
  id: string;
}

/** What {@link PageQuery} says too. */
const DEFAULT_LIMIT = 50;

/** One page of a list and how many rows the list has in all. */
export interface Page<T> {
  items: T[];
  total: number;
  nextCursor: string | null;
}

export interface PageRequest {
  limit: number;
  offset?: number;
  cursor?: KeysetCursor;
}

/** Opaque to the caller: base64url of the sort key and id. */
export function encodeCursor(cursor: KeysetCursor): string {
  return Buffer.from(JSON.stringify([cursor.key, cursor.id])).toString('base64url');
}

/** @throws DomainError `invalid_input` naming `cursor` for anything that {@link encodeCursor} did not make. */
export function decodeCursor(text: string): KeysetCursor {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (
      Array.isArray(value) &&
      value.length === 2 &&
      typeof value[0] === 'string' &&
      value[0].length <= 200 &&
      isUuid(value[1])
    ) {
      return { key: value[0], id: value[1] };
    }
  } catch {
    // Falls through to the error below: whatever went wrong, the cursor is not one of ours.
  }
  throw notACursor();
}

/**
 * A list's paging parameters, as a service takes them.
 * @param keyKind what the list is sorted by, so that a cursor of another list is refused here instead of failing in the database.
 */
export function pageRequest(
  query: { limit?: number; offset?: number; cursor?: string },
  keyKind: 'time' | 'text' = 'time',
): PageRequest {
  if (query.cursor !== undefined && query.offset !== undefined) {
    throw invalidField('offset', 'cannot be combined with cursor: send one of them');
  }
  const cursor = query.cursor === undefined ? undefined : decodeCursor(query.cursor);
  if (cursor && keyKind === 'time' && !isTimeKey(cursor.key)) throw notACursor();
  return { limit: query.limit ?? DEFAULT_LIMIT, offset: query.offset, cursor };
}

/** As `toISOString` writes it, of a day that exists. */
function isTimeKey(key: string): boolean {
  const time = Date.parse(key);
  return time >= 0 && new Date(time).toISOString() === key;
}

function notACursor(): Error {
  return invalidField('cursor', 'must be the next_cursor of an earlier page, unchanged');
}
