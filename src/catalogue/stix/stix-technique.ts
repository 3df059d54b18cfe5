import type { AttackDomain } from '../words/attack-domain.js';
import type { SliceTactic, SliceTechnique } from './catalogue-slice.js';
import { KILL_CHAIN_OF, killChainPhases } from './detect-domain.js';
import { isObject, stringsOf, type StixObject } from './stix-objects.js';

/** A technique without the facts that come from relationships. */
export type BareTechnique = Omit<
  SliceTechnique,
  'parentAttackId' | 'parentId' | 'revokedById' | 'replacedById' | 'contentHash'
> & {
  description: string;
};

/** `malformed` gives the reason why an object cannot be used, such as `name is missing`. */
export type Read<T> = { value: T } | { malformed: string };

const MAX_NAME_LENGTH = 500;
const MAX_DESCRIPTION_LENGTH = 1_000_000;
const MAX_LABEL_LENGTH = 100;
const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const TECHNIQUE_STIX_ID = new RegExp(`^attack-pattern--(${UUID})$`, 'i');
const TACTIC_STIX_ID = new RegExp(`^x-mitre-tactic--(${UUID})$`, 'i');
const TECHNIQUE_ATTACK_ID = /^T\d{4}(\.\d{3})?$/;
const TACTIC_ATTACK_ID = /^TA\d{4}$/;
const ATTACK_SOURCES = ['mitre-attack', 'mitre-mobile-attack', 'mitre-ics-attack'];
const STAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;
const VERSION = /^\d+(\.\d+){0,3}$/;

/** The uuid in the STIX id of an attack-pattern, in lower case; null for any other value. */
export function techniqueUuid(stixId: unknown): string | null {
  return typeof stixId === 'string' ? (TECHNIQUE_STIX_ID.exec(stixId)?.[1]?.toLowerCase() ?? null) : null;
}

export function readTechnique(object: StixObject, domain: AttackDomain): Read<BareTechnique> {
  const id = techniqueUuid(object['id']);
  if (id === null) return { malformed: 'id is not attack-pattern--<uuid>' };
  const attackId = attackReference(object, TECHNIQUE_ATTACK_ID)?.id;
  if (attackId === undefined) return { malformed: 'no ATT&CK id in external_references' };
  const name = readName(object);
  if ('malformed' in name) return name;
  const description = typeof object['description'] === 'string' ? object['description'] : '';
  if (description.length > MAX_DESCRIPTION_LENGTH) {
    return { malformed: `description is longer than ${MAX_DESCRIPTION_LENGTH} characters` };
  }
  const created = stampOf(object['created']) ?? stampOf(object['modified']);
  const modified = stampOf(object['modified']) ?? created;
  if (created === null || modified === null) {
    return { malformed: 'neither created nor modified is an ISO 8601 stamp from year 1 on' };
  }
  return {
    value: {
      id,
      stixId: `attack-pattern--${id}`,
      attackId,
      name: name.value,
      description,
      domain,
      isSubtechnique: object['x_mitre_is_subtechnique'] === true || attackId.includes('.'),
      tactics: tacticsOf(object, domain),
      platforms: sortedLabels(stringsOf(object['x_mitre_platforms'])),
      techniqueVersion: versionOf(object['x_mitre_version']),
      mitreCreated: new Date(created).toISOString(),
      mitreModified: modified,
      revoked: object['revoked'] === true,
      deprecated: object['x_mitre_deprecated'] === true,
    },
  };
}

export function readTactic(object: StixObject): Read<SliceTactic> {
  const { id, x_mitre_shortname: shortname } = object;
  if (typeof id !== 'string' || !TACTIC_STIX_ID.test(id)) return { malformed: 'id is not x-mitre-tactic--<uuid>' };
  const reference = attackReference(object, TACTIC_ATTACK_ID);
  if (!reference) return { malformed: 'no ATT&CK id in external_references' };
  if (typeof shortname !== 'string' || !isLabel(shortname)) return { malformed: 'x_mitre_shortname is missing' };
  const name = readName(object);
  if ('malformed' in name) return name;
  const tactic: SliceTactic = { stixId: id.toLowerCase(), attackId: reference.id, shortname, name: name.value };
  if (reference.url !== undefined) tactic.url = reference.url;
  return { value: tactic };
}

/** A version such as `18.1`; null for any other value. */
export function versionOf(value: unknown): string | null {
  const text = typeof value === 'number' ? String(value) : value;
  return typeof text === 'string' && VERSION.test(text) ? text : null;
}

function readName(object: StixObject): Read<string> {
  const name = typeof object['name'] === 'string' ? object['name'].trim() : '';
  if (name === '') return { malformed: 'name is missing' };
  return name.length > MAX_NAME_LENGTH
    ? { malformed: `name is longer than ${MAX_NAME_LENGTH} characters` }
    : { value: name };
}

function attackReference(object: StixObject, pattern: RegExp): { id: string; url?: string } | undefined {
  const references = object['external_references'];
  if (!Array.isArray(references)) return undefined;
  for (const reference of references.filter(isObject)) {
    const { source_name: source, external_id: id, url } = reference;
    if (typeof source !== 'string' || !ATTACK_SOURCES.includes(source) || typeof id !== 'string' || !pattern.test(id)) {
      continue;
    }
    return typeof url === 'string' && /^https?:\/\/.{1,490}$/.test(url) ? { id, url } : { id };
  }
  return undefined;
}

function tacticsOf(object: StixObject, domain: AttackDomain): string[] {
  const phases = killChainPhases(object).filter(({ chain }) => chain === KILL_CHAIN_OF[domain]);
  return sortedLabels(phases.map(({ phase }) => phase));
}

function sortedLabels(labels: string[]): string[] {
  return [...new Set(labels.map((label) => label.trim()).filter(isLabel))].sort();
}

function isLabel(text: string): boolean {
  return text !== '' && text.length <= MAX_LABEL_LENGTH;
}

/** Only years from 1 to 9999 in UTC: PostgreSQL has no year 0, and ISO 8601 writes other years differently. */
function stampOf(value: unknown): string | null {
  if (typeof value !== 'string' || value.length > 40 || !STAMP.test(value)) return null;
  const year = new Date(value).getUTCFullYear();
  return year >= 1 && year <= 9999 ? value : null;
}
