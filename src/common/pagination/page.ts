import { invalidField } from '../errors/index.js';
import { isUuid } from '../ids.js';

/** The end of a page: the sort key and id of its last row. */
export interface KeysetCursor {
  key: string;
  id: string;
}

/** Must equal the default of {@link PageQuery}. */
const DEFAULT_LIMIT = 50;

/** One page of a list, and the total number of rows. */
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

/** Callers must treat it as opaque; it is base64url of the sort key and id. */
export function encodeCursor(cursor: KeysetCursor): string {
  return Buffer.from(JSON.stringify([cursor.key, cursor.id])).toString('base64url');
}

/**
 * @throws DomainError `invalid_input` with the field `cursor` for anything that {@link encodeCursor} did not create.
 */
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
    // The error below covers every kind of invalid cursor.
  }
  throw notACursor();
}

/**
 * Converts the paging parameters of a request.
 * @param keyKind the type of the sort key. A cursor of a list with another type is rejected here, before the database
 * fails.
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

/** Whether the key is a valid output of `toISOString`. */
function isTimeKey(key: string): boolean {
  const time = Date.parse(key);
  return time >= 0 && new Date(time).toISOString() === key;
}

function notACursor(): Error {
  return invalidField('cursor', 'must be the next_cursor of an earlier page, unchanged');
}
