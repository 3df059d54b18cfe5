import { invalidField } from '../common/errors/index.js';
import { isUuid } from '../common/ids.js';
import { decodeCursor, encodeCursor } from '../common/pagination/index.js';

/** Where a page of rows sorted by (created_at, id) ends. */
export interface CreatedCursor {
  createdAt: Date;
  id: string;
}

export function encodeCreatedCursor({ createdAt, id }: CreatedCursor): string {
  return encodeCursor({ key: createdAt.toISOString(), id });
}

/** @throws DomainError `invalid_input` naming `cursor`. */
export function decodeCreatedCursor(text: string): CreatedCursor {
  const { key, id } = decodeCursor(text);
  const createdAt = new Date(key);
  if (Number.isNaN(createdAt.getTime()) || !isUuid(id))
    throw invalidField('cursor', 'must be the next_cursor of an earlier page, unchanged');
  return { createdAt, id };
}
