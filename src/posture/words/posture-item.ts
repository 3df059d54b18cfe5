import { Ajv, type ErrorObject } from 'ajv';
import { ATTACK_ID_PATTERN, ATTACK_ID_WORDS } from '../../catalogue/words/index.js';
import type { FieldError } from '../../common/errors/index.js';
import { INSTANT_WORDS, parseInstant } from '../../common/instant-text.js';
import { MAX_TAGS, TAG_PATTERN, TAG_WORDS, toTags } from './tags.js';
import { TECHNIQUE_STATUSES, type TechniqueStatus } from './technique-status.js';

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

/** Takes what is wrong with an item. */
export interface ItemErrors {
  add(field: FieldError['field'], message: FieldError['message']): void;
}

/**
 * Reads one item of `PUT /posture`, or of a file that says the same.
 * @param path where the item stands.
 * @param now a review lies at most a day after it.
 * @returns undefined when it is not as it must be; `errors` then knows why.
 */
export function readPostureItem(value: unknown, path: string, errors: ItemErrors, now: Date): PostureItem | undefined {
  if (!isItem(value)) {
    addSchemaErrors(errors, path, isItem.errors ?? []);
    return undefined;
  }
  const item = toItem(value);
  return checkTogether(errors, path, value, item, now) ? item : undefined;
}

/** One error a field: the words say all that the field takes. */
function addSchemaErrors(errors: ItemErrors, path: string, schemaErrors: readonly ErrorObject[]): void {
  const seen = new Set<string>();
  for (const { keyword, instancePath, params } of schemaErrors) {
    if (keyword === 'additionalProperties') {
      errors.add(
        `${path}.${shownName(params.additionalProperty as string)}`,
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

function checkTogether(errors: ItemErrors, path: string, sent: SentItem, item: PostureItem, now: Date): boolean {
  const hasTwoOwners = sent.owner_id !== undefined && sent.owner_email !== undefined;
  const isAhead = !!item.lastReviewDate && isInTheFuture(item.lastReviewDate, now);
  if (hasTwoOwners) errors.add(`${path}.owner_email`, 'cannot be combined with owner_id: send one of them');
  if (isAhead) errors.add(`${path}.last_review_date`, 'must not lie in the future');
  return !hasTwoOwners && !isAhead;
}

/** Whether a review or a test is stamped later than a clock that runs ahead, or another time zone, explains. */
export function isInTheFuture(instant: Date, now: Date): boolean {
  return instant.getTime() > now.getTime() + AHEAD_MS;
}

/** A name that is not ours may be of any length. */
export function shownName(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}...` : name;
}
