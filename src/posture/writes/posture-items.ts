import { invalidInput } from '../../common/errors/index.js';
import { NOT_AN_ACTIVE_MEMBER } from '../../organizations/index.js';
import { readPostureItem, shortenedName, type PostureItem } from '../words/posture-item.js';
import { FieldErrors } from './field-errors.js';

/** The most items in one call. */
export const MAX_ITEMS = 10_000;

/**
 * Reads the body of `PUT /posture`: `{items: [{attack_id, ...}]}`.
 * @param now a review may be at most a day later.
 * @throws DomainError `invalid_input` with item and field of up to 100 errors, and their number.
 */
export function parsePostureItems(body: unknown, now: Date): PostureItem[] {
  const errors = new FieldErrors();
  const sent = sentItems(body);
  const items: PostureItem[] = [];
  const firstIndexOf = new Map<string, number>();
  for (const [index, value] of sent.entries()) {
    const path = `items[${index}]`;
    const item = readPostureItem(value, path, errors, now);
    if (!item) continue;
    const first = firstIndexOf.get(item.attackId);
    if (first === undefined) firstIndexOf.set(item.attackId, index);
    else errors.add(`${path}.attack_id`, `is ${item.attackId}, as in items[${first}]: send each technique once`);
    items.push(item);
  }
  errors.throwIfAny();
  return items;
}

/** Adds the errors that need a lookup: unknown techniques, and owners that are not active members. */
export function addLookupErrors(
  errors: FieldErrors,
  index: number,
  item: PostureItem,
  found: { ownerId: string | null } | undefined,
): void {
  const path = `items[${index}]`;
  if (!found) {
    errors.add(`${path}.attack_id`, `must name a technique of the catalogue, which has no ${item.attackId}`);
  } else if ((item.ownerId ?? item.ownerEmail ?? null) !== null && found.ownerId === null) {
    errors.add(`${path}.${item.ownerId ? 'owner_id' : 'owner_email'}`, NOT_AN_ACTIVE_MEMBER);
  }
}

function sentItems(body: unknown): unknown[] {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const { items, ...others } = (isObject ? body : {}) as { items?: unknown };
  const unknown = Object.keys(others);
  if (!Array.isArray(items) || items.length < 1 || items.length > MAX_ITEMS) {
    throw invalidInput([{ field: 'items', message: `must be a list of 1 to ${MAX_ITEMS} items` }]);
  }
  if (unknown.length > 0) {
    throw invalidInput([{ field: shortenedName(unknown[0]!), message: 'is not known here; the only field is items' }]);
  }
  return items;
}
