import { Ajv, type ErrorObject } from 'ajv';
import { invalidInput } from '../../common/errors/index.js';
import { INSTANT_WORDS, parseInstant } from '../../common/instant.js';
import { NOT_AN_ACTIVE_MEMBER } from '../active-members.js';
import { ATTACK_ID_PATTERN, ATTACK_ID_WORDS } from '../technique-ids.js';
import { MAX_TAGS, TAG_PATTERN, TAG_WORDS, toTags } from '../tags.js';
import { TECHNIQUE_STATUSES, type TechniqueStatus } from '../technique-status.js';
import { FieldErrors } from './field-errors.js';

/** The most items that one call takes. */
export const MAX_ITEMS = 10_000;

/** A review may be stamped by a clock that runs ahead, or with a date that has begun in another time zone. */
const AHEAD_MS = 24 * 3_600_000;

/** What changes of one technique. A property left out stays as it is; null clears. */
export interface PostureItem {
  attackId: string;
  statusGlobal?: TechniqueStatus | null;
  lastReviewDate?: Date | null;
  riskScore?: number | null;
  ownerId?: string | null;
  ownerEmail?: string | null;
  tags?: string[] | null;
}

/** An item as it is sent, once the schema has passed it. */
interface SentItem {
  attack_id: string;
  status_global?: TechniqueStatus | null;
  last_review_date?: string | null;
  risk_score?: number | null;
  owner_id?: string | null;
  owner_email?: string | null;
  tags?: string[] | null;
}

const UUID = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';
/** Anything with one @ that PostgreSQL can store: whether it is somebody's is looked up. */
const EMAIL = '^[^\\s@\\p{Cc}\\p{Cs}]+@[^\\s@\\p{Cc}\\p{Cs}]+$';

const ITEM_SCHEMA = {
  type: 'object',
  additionalProperties: false,
  required: ['attack_id'],
  properties: {
    attack_id: { type: 'string', pattern: ATTACK_ID_PATTERN.source },
    status_global: { enum: [...TECHNIQUE_STATUSES, null] },
    last_review_date: { type: ['string', 'null'], format: 'instant' },
    risk_score: { type: ['number', 'null'], minimum: 0, maximum: 100 },
    owner_id: { type: ['string', 'null'], pattern: UUID },
    owner_email: { type: ['string', 'null'], maxLength: 254, pattern: EMAIL },
    tags: { type: ['array', 'null'], maxItems: MAX_TAGS, items: { type: 'string', pattern: TAG_PATTERN.source } },
  },
};

const TAKES: Record<string, string> = {
  attack_id: ATTACK_ID_WORDS,
  status_global: `must be one of ${TECHNIQUE_STATUSES.join(', ')}, or null`,
  last_review_date: `${INSTANT_WORDS}, or null`,
  risk_score: 'must be a number from 0 to 100, or null',
  owner_id: 'must be the id of an active member of this organisation, or null',
  owner_email: 'must be the e-mail address of an active member of this organisation, or null',
  tags: `must be a list of at most ${MAX_TAGS} tags, ${TAG_WORDS}, or null`,
};

const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });
ajv.addFormat('instant', (text: string) => parseInstant(text) !== undefined);
const isItem = ajv.compile<SentItem>(ITEM_SCHEMA);

/**
 * Reads the body of `PUT /posture`: `{items: [{attack_id, ...}]}`.
 * @param now a review lies at most a day after it.
 * @throws DomainError `invalid_input` naming item and field of up to 100 errors, and how many there are.
 */
export function parsePostureItems(body: unknown, now: Date): PostureItem[] {
  const errors = new FieldErrors();
  const sent = sentItems(body);
  const items: PostureItem[] = [];
  const firstIndexOf = new Map<string, number>();
  for (const [index, value] of sent.entries()) {
    const path = `items[${index}]`;
    if (!isItem(value)) {
      addSchemaErrors(errors, path, isItem.errors ?? []);
      continue;
    }
    const item = toItem(value);
    checkTogether(errors, path, value, item, now);
    const first = firstIndexOf.get(item.attackId);
    if (first === undefined) firstIndexOf.set(item.attackId, index);
    else errors.add(`${path}.attack_id`, `is ${item.attackId}, as in items[${first}]: send each technique once`);
    items.push(item);
  }
  errors.throwIfAny();
  return items;
}

/** The errors that only the database can tell: techniques that the catalogue does not have, owners who are none. */
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
    throw invalidInput([{ field: shown(unknown[0]!), message: 'is not known here, which takes items' }]);
  }
  return items;
}

/** One error a field: the words say all that the field takes. */
function addSchemaErrors(errors: FieldErrors, path: string, schemaErrors: readonly ErrorObject[]): void {
  const seen = new Set<string>();
  for (const { keyword, instancePath, params } of schemaErrors) {
    if (keyword === 'additionalProperties') {
      errors.add(
        `${path}.${shown(params.additionalProperty as string)}`,
        `is not known here, which takes ${Object.keys(TAKES).join(', ')}`,
      );
      continue;
    }
    const property = keyword === 'required' ? (params.missingProperty as string) : (instancePath.split('/')[1] ?? '');
    if (seen.has(property)) continue;
    seen.add(property);
    if (property === '') errors.add(path, 'must be an object with an attack_id and what changes');
    else errors.add(`${path}.${property}`, TAKES[property]!);
  }
}

function toItem(sent: SentItem): PostureItem {
  return {
    attackId: sent.attack_id.toUpperCase(),
    statusGlobal: sent.status_global,
    lastReviewDate:
      typeof sent.last_review_date === 'string' ? parseInstant(sent.last_review_date) : sent.last_review_date,
    riskScore: sent.risk_score,
    ownerId: sent.owner_id,
    ownerEmail: sent.owner_email?.toLowerCase() ?? sent.owner_email,
    tags: sent.tags && toTags(sent.tags),
  };
}

function checkTogether(errors: FieldErrors, path: string, sent: SentItem, item: PostureItem, now: Date): void {
  if (sent.owner_id !== undefined && sent.owner_email !== undefined) {
    errors.add(`${path}.owner_email`, 'cannot be combined with owner_id: send one of them');
  }
  if (item.lastReviewDate && isInTheFuture(item.lastReviewDate, now)) {
    errors.add(`${path}.last_review_date`, 'must not lie in the future');
  }
}

/** Whether a review or a test is stamped later than a clock that runs ahead, or another time zone, explains. */
export function isInTheFuture(instant: Date, now: Date): boolean {
  return instant.getTime() > now.getTime() + AHEAD_MS;
}

/** A name that is not ours may be of any length. */
function shown(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}...` : name;
}
