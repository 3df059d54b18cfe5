import { ATTACK_DOMAINS, type AttackDomain } from '../words/attack-domain.js';
import {
  type CatalogueSlice,
  type ParseStixOptions,
  type SliceTactic,
  type SliceTechnique,
} from './catalogue-slice.js';
import { contentHash } from './content-hash.js';
import { domainsOf, detectDomain } from './detect-domain.js';
import { SkipLog } from './skip-log.js';
import { StixBundleError } from './stix-bundle.error.js';
import { stixObjects, type StixObject } from './stix-objects.js';
import { readTactic, readTechnique, versionOf, type BareTechnique } from './stix-technique.js';
import { byAttackId, isInForce, replacementOf, techniqueLinks } from './technique-links.js';

/**
 * Reads a STIX 2.0 or 2.1 bundle of ATT&CK (https://github.com/mitre-attack/attack-stix-data, USAGE.md) into a slice of
 * the catalogue.
 *
 * Pure and tolerant: MITRE's own bundles do not follow MITRE's schema, so an unusable object is skipped and counted.
 * @throws StixBundleError if the text is unusable as a whole
 */
export function parseStixBundle(text: string, options: ParseStixOptions = {}): CatalogueSlice {
  checkOptions(options);
  const skips = new SkipLog();
  const objects = stixObjects(text, skips);
  if (objects.attackPatterns.length === 0) {
    throw new StixBundleError(
      'no_techniques',
      'the bundle holds no attack-pattern: an ATT&CK bundle has one for every technique',
    );
  }
  const domain = detectDomain(objects.attackPatterns, options.domain);
  const attackVersion = attackVersionOf(objects.collections, domain, options.attackVersion);
  const techniques = techniquesOf(objects.attackPatterns, objects.relationships, domain, skips);
  const tactics = tacticsOf(objects.tactics, domain, skips);
  const skipped = skips.entries();
  if (techniques.length === 0) {
    const [first] = skipped;
    throw new StixBundleError(
      'no_techniques',
      `no attack-pattern of the bundle can be used; the most frequent reason: ${first?.reason}`,
    );
  }
  return { domain, attackVersion, stixVersion: objects.stixVersion, tactics, techniques, skipped };
}

function checkOptions({ domain, attackVersion }: ParseStixOptions): void {
  if (domain !== undefined && !ATTACK_DOMAINS.includes(domain)) {
    throw new StixBundleError('bad_option', `domain must be one of ${ATTACK_DOMAINS.join(', ')}`);
  }
  if (attackVersion !== undefined && versionOf(attackVersion) === null) {
    throw new StixBundleError('bad_option', 'the ATT&CK version must be digits and points, such as 18.1');
  }
}

function attackVersionOf(
  collections: readonly StixObject[],
  domain: AttackDomain,
  given: string | undefined,
): string | null {
  const own = collections.filter((collection) => collections.length === 1 || domainsOf(collection).includes(domain));
  const versions = new Set(
    own.map((collection) => versionOf(collection['x_mitre_version'])).filter((version) => version !== null),
  );
  // Collections with different versions do not decide the release, and neither does a bundle without a collection.
  const [named] = versions.size === 1 ? versions : [];
  if (named !== undefined && given !== undefined && named !== given) {
    throw new StixBundleError('version_mismatch', `the bundle is of ATT&CK ${named}, not ${given}`);
  }
  return named ?? given ?? null;
}

function techniquesOf(
  patterns: readonly StixObject[],
  relationships: readonly StixObject[],
  domain: AttackDomain,
  skips: SkipLog,
): SliceTechnique[] {
  const techniques = bareTechniques(patterns, domain, skips);
  refuseSharedIds(techniques.values());
  const ids = byAttackId(techniques.values());
  const parents = techniqueLinks(relationships, 'subtechnique-of');
  const revocations = techniqueLinks(relationships, 'revoked-by');
  const revokedById = (id: string): string | null => {
    const target = techniques.get(id)?.revoked ? revocations.get(id) : undefined;
    return target !== undefined && techniques.has(target) ? target : null;
  };
  const linked = [...techniques.values()].map(({ description, ...bare }): SliceTechnique => {
    const prefix = bare.attackId.includes('.') ? bare.attackId.slice(0, bare.attackId.indexOf('.')) : null;
    const parent = techniques.get(parents.get(bare.id) ?? '') ?? (prefix === null ? undefined : ids.get(prefix));
    const links = {
      parentAttackId: bare.isSubtechnique ? (parent?.attackId ?? prefix) : null,
      parentId: bare.isSubtechnique ? (parent?.id ?? null) : null,
      revokedById: revokedById(bare.id),
    };
    const replacedById = bare.revoked ? replacementOf(bare.id, revokedById, techniques) : null;
    return { ...bare, ...links, replacedById, contentHash: contentHash({ ...bare, ...links, description }) };
  });
  return linked.sort((a, b) => compare(a.attackId, b.attackId) || compare(a.id, b.id));
}

/** Techniques by id. The newest of several copies counts. */
function bareTechniques(
  patterns: readonly StixObject[],
  domain: AttackDomain,
  skips: SkipLog,
): Map<string, BareTechnique> {
  const techniques = new Map<string, BareTechnique>();
  for (const pattern of patterns) {
    const example = typeof pattern['id'] === 'string' ? pattern['id'] : 'attack-pattern without an id';
    const domains = domainsOf(pattern);
    if (domains.length > 0 && !domains.includes(domain)) {
      skips.add(`attack-pattern: belongs to ${domains.join(' and ')}`, example);
      continue;
    }
    const read = readTechnique(pattern, domain);
    if ('malformed' in read) {
      skips.add(`attack-pattern: ${read.malformed}`, example);
      continue;
    }
    const known = techniques.get(read.value.id);
    if (known) skips.add('attack-pattern: older copy of the same id', example);
    if (!known || isNewer(read.value, known)) techniques.set(read.value.id, read.value);
  }
  return techniques;
}

/**
 * An ATT&CK id must lead to at most one technique in force, because imports of posture use it. A revoked or deprecated
 * technique may share it. No release of ATT&CK has two in force, so nothing says which of them is meant.
 * @throws StixBundleError naming both
 */
function refuseSharedIds(techniques: Iterable<BareTechnique>): void {
  const holders = new Map<string, BareTechnique>();
  for (const technique of [...techniques].filter(isInForce).sort((a, b) => compare(a.id, b.id))) {
    const holder = holders.get(technique.attackId);
    if (holder) throw new StixBundleError('shared_attack_id', sharedIdWords(holder, technique));
    holders.set(technique.attackId, technique);
  }
}

function sharedIdWords(a: BareTechnique, b: BareTechnique): string {
  const named = [a, b].map(({ stixId, name }) => `${stixId} (${name.slice(0, 100)})`);
  return `two techniques of the bundle are in force with the ATT&CK id ${a.attackId}: ${named.join(' and ')}; revoke one of them`;
}

function tacticsOf(objects: readonly StixObject[], domain: AttackDomain, skips: SkipLog): SliceTactic[] {
  const tactics = new Map<string, SliceTactic>();
  for (const object of objects) {
    const domains = domainsOf(object);
    if (domains.length > 0 && !domains.includes(domain)) continue;
    if (object['revoked'] === true || object['x_mitre_deprecated'] === true) continue;
    const read = readTactic(object);
    const example = typeof object['id'] === 'string' ? object['id'] : 'x-mitre-tactic without an id';
    if ('malformed' in read) skips.add(`x-mitre-tactic: ${read.malformed}`, example);
    else if (tactics.has(read.value.shortname)) skips.add('x-mitre-tactic: the same x_mitre_shortname again', example);
    else tactics.set(read.value.shortname, read.value);
  }
  return [...tactics.values()].sort((a, b) => compare(a.attackId, b.attackId));
}

/** The id decides between equally new techniques, so that the order of the objects has no effect. */
function isNewer(a: BareTechnique, b: BareTechnique): boolean {
  const ageMs = Date.parse(a.mitreModified) - Date.parse(b.mitreModified);
  return ageMs > 0 || (ageMs === 0 && a.id < b.id);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
