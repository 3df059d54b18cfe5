import { Ajv, type ErrorObject } from 'ajv';
import { ATTACK_ID_PATTERN, ATTACK_ID_WORDS } from '../../catalogue/words/index.js';
import type { FieldError } from '../../common/errors/index.js';
import { INSTANT_WORDS, parseInstant } from '../../common/instant-text.js';
import { MAX_TAGS, TAG_PATTERN, TAG_WORDS, toTags } from './tags.js';
import { TECHNIQUE_STATUSES, type TechniqueStatus } from './technique-status.js';

/** The clock of a reviewer may run ahead, or a date may have begun in another time zone. */
const MAX_CLOCK_AHEAD_MS = 24 * 3_600_000;

/** Changes to the posture of one technique. A property that is left out stays unchanged; null clears it. */
export interface PostureItem {
  attackId: string;
  statusGlobal?: TechniqueStatus | null;
  lastReviewDate?: Date | null;
  riskScore?: number | null;
  ownerId?: string | null;
  ownerEmail?: string | null;
  tags?: string[] | null;
}

/** An item as sent, after the schema has accepted it. */
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
/** Any text with one @ that PostgreSQL can store. A lookup finds out whether it is a member's address. */
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

const EXPECTED: Record<string, string> = {
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

/** Collects the errors of an item. */
export interface ItemErrors {
  add(field: FieldError['field'], message: FieldError['message']): void;
}

/**
 * Reads one item of `PUT /posture`, or of a file with the same content.
 * @param path of the item, for errors.
 * @param now a review may be at most a day later.
 * @returns undefined if the item is invalid; `errors` then has the reasons.
 */
export function readPostureItem(value: unknown, path: string, errors: ItemErrors, now: Date): PostureItem | undefined {
  if (!isItem(value)) {
    addSchemaErrors(errors, path, isItem.errors ?? []);
    return undefined;
  }
  const item = toItem(value);
  return checkTogether(errors, path, value, item, now) ? item : undefined;
}

/** One error for each field, because the message lists everything that the field accepts. */
function addSchemaErrors(errors: ItemErrors, path: string, schemaErrors: readonly ErrorObject[]): void {
  const seen = new Set<string>();
  for (const { keyword, instancePath, params } of schemaErrors) {
    if (keyword === 'additionalProperties') {
      errors.add(
        `${path}.${shortenedName(params.additionalProperty as string)}`,
        `is not known here; known are ${Object.keys(EXPECTED).join(', ')}`,
      );
      continue;
    }
    const property = keyword === 'required' ? (params.missingProperty as string) : (instancePath.split('/')[1] ?? '');
    if (seen.has(property)) continue;
    seen.add(property);
    if (property === '') errors.add(path, 'must be an object with an attack_id and the fields to change');
    else errors.add(`${path}.${property}`, EXPECTED[property]!);
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

/** Whether an instant is later than a fast clock or another time zone can explain. */
export function isInTheFuture(instant: Date, now: Date): boolean {
  return instant.getTime() > now.getTime() + MAX_CLOCK_AHEAD_MS;
}

/** Unknown names may have any length. */
export function shortenedName(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}...` : name;
}
