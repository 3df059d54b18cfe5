import { conflict } from '../common/errors/index.js';
import { isStorable, replaceUnstorable } from '../common/storable-text.js';
import type { LastChangeKind } from './last-change-kind.js';
import type { CatalogueSlice, SkippedObjects, SliceTactic, SliceTechnique } from './stix/catalogue-slice.js';
import type { AttackDomain } from './words/attack-domain.js';
import { versionStep } from './words/versions.js';

/** A technique as the catalogue stores it, without its release. */
export interface CatalogueTechnique {
  id: string;
  attackId: string;
  name: string;
  domain: string;
  isSubtechnique: boolean;
  parentId: string | null;
  tactics: string[];
  platforms: string[];
  techniqueVersion: string | null;
  mitreCreated: Date;
  mitreLastModified: Date;
  mitreModifiedRaw: Date;
  contentHash: string;
  isRevoked: boolean;
  isDeprecated: boolean;
  revokedById: string | null;
  replacedById: string | null;
}

/**
 * The outcome of an import for a technique: the first of these that applies. `changed_metadata_only`: content or
 * another fact changed, but not the version. `restamped`: only MITRE's timestamp changed.
 */
export const IMPORT_OUTCOMES = [
  'added',
  'revoked',
  'deprecated',
  'changed_major',
  'changed_minor',
  'changed_metadata_only',
  'restamped',
  'unchanged',
] as const;
export type ImportOutcome = (typeof IMPORT_OUTCOMES)[number];

const CHANGE_OF: Partial<Record<ImportOutcome, LastChangeKind>> = {
  added: 'added',
  revoked: 'revoked',
  deprecated: 'deprecated',
  changed_major: 'major',
  changed_minor: 'minor',
  changed_metadata_only: 'metadata',
};

export interface ImportPlan {
  /** Techniques to insert or overwrite: every outcome except `unchanged`. */
  rows: CatalogueTechnique[];
  /** Ids of the new rows. */
  addedIds: string[];
  /** Ids of techniques that were in force and that this release replaces by others. */
  replacedIds: string[];
  /** How the release changed techniques, by id, without restamped and unchanged ones. */
  changes: Map<string, LastChangeKind>;
  /** Ids of the techniques that stay as they are. */
  unchangedIds: string[];
  /** ATT&CK ids by outcome, sorted. */
  outcomes: Record<ImportOutcome, string[]>;
  /** ATT&CK ids of this domain that the catalogue has and the slice does not. */
  missing: string[];
  tactics: SliceTactic[];
  skipped: SkippedObjects[];
}

/** The most example ids for a reason to skip objects. */
const MAX_EXAMPLES = 5;

/**
 * Compares a release with the catalogue. Pure: callers write the plan.
 * @param stored every technique of the slice's domain, and any others with an id from the slice.
 * @throws DomainError `conflict` if an ATT&CK id would lead to two techniques in force.
 */
export function planImport(stored: readonly CatalogueTechnique[], slice: CatalogueSlice): ImportPlan {
  const known = new Map(stored.map((technique) => [technique.id, technique]));
  const { techniques, tactics, skipped } = usableOf(slice, known);
  refuseSharedIds(techniques, stored, slice.domain);
  const parentOf = parentFinder(stored, slice);
  const plan: ImportPlan = {
    rows: [],
    addedIds: [],
    replacedIds: [],
    changes: new Map(),
    unchangedIds: [],
    outcomes: Object.fromEntries(IMPORT_OUTCOMES.map((outcome) => [outcome, []])) as unknown as ImportPlan['outcomes'],
    missing: missingFrom(slice, stored),
    tactics,
    skipped: [...slice.skipped, ...skipped].map(storable),
  };
  for (const technique of techniques) {
    const before = known.get(technique.id);
    const after = nextState(technique, before, parentOf(technique));
    const outcome = before ? outcomeOf(before, after) : 'added';
    plan.outcomes[outcome].push(after.attackId);
    if (outcome === 'unchanged') plan.unchangedIds.push(after.id);
    else plan.rows.push(after);
    if (outcome === 'added') plan.addedIds.push(after.id);
    if (before && isInForce(before) && after.isRevoked && after.replacedById) plan.replacedIds.push(after.id);
    const kind = CHANGE_OF[outcome];
    if (kind) plan.changes.set(after.id, kind);
  }
  return plan;
}

/** The part of the slice that can be stored, and the objects that are left out. */
function usableOf(
  slice: CatalogueSlice,
  known: ReadonlyMap<string, CatalogueTechnique>,
): { techniques: SliceTechnique[]; tactics: SliceTactic[]; skipped: SkippedObjects[] } {
  const skipped = new Map<string, SkippedObjects>();
  const isUsable = (stixId: string, reason: string | null): boolean => {
    if (reason === null) return true;
    const entry = skipped.get(reason) ?? { reason, count: 0, examples: [] };
    entry.count += 1;
    if (entry.examples.length < MAX_EXAMPLES) entry.examples.push(stixId);
    skipped.set(reason, entry);
    return false;
  };
  return {
    techniques: slice.techniques.filter((technique) =>
      isUsable(technique.stixId, whyNot(technique, slice.domain, known.get(technique.id))),
    ),
    tactics: slice.tactics.filter(({ stixId, name, shortname }) =>
      isUsable(stixId, whyNotText('x-mitre-tactic', [name, shortname])),
    ),
    skipped: [...skipped.values()],
  };
}

/**
 * A technique keeps its first domain. Otherwise two domains that contain it would overwrite each other at every import.
 */
function whyNot(
  technique: SliceTechnique,
  domain: AttackDomain,
  stored: CatalogueTechnique | undefined,
): string | null {
  if (stored && stored.domain !== domain) return `attack-pattern: the catalogue has it from ${stored.domain}`;
  return whyNotText('attack-pattern', [technique.name, ...technique.tactics, ...technique.platforms]);
}

function whyNotText(type: string, texts: readonly string[]): string | null {
  return texts.every(isStorable) ? null : `${type}: holds a character that cannot be stored`;
}

/** A technique in force that the release lacks stays in force, so the release cannot give its ATT&CK id to another. */
function refuseSharedIds(
  techniques: readonly SliceTechnique[],
  stored: readonly CatalogueTechnique[],
  domain: AttackDomain,
): void {
  const ids = new Set(techniques.map(({ id }) => id));
  const staying = stored.filter(
    (technique) => technique.domain === domain && isInForce(technique) && !ids.has(technique.id),
  );
  const holders = new Map(staying.map((technique) => [technique.attackId, technique]));
  for (const { attackId, stixId, name, revoked, deprecated } of techniques) {
    const holder = revoked || deprecated ? undefined : holders.get(attackId);
    if (!holder) continue;
    const message =
      `the bundle has ${attackId} as ${stixId} (${name.slice(0, 100)}), but the catalogue has it as attack-pattern--${holder.id} ` +
      `(${holder.name.slice(0, 100)}), which is in force and not in the bundle: an ATT&CK id must lead to one technique in force`;
    throw conflict(message, [{ field: 'file', message }]);
  }
}

/**
 * If the slice lacks a parent, the catalogue's parent counts, then the technique with the right ATT&CK id, otherwise
 * none.
 */
function parentFinder(
  stored: readonly CatalogueTechnique[],
  slice: CatalogueSlice,
): (technique: SliceTechnique) => string | null {
  const ids = new Set([...stored.map(({ id }) => id), ...slice.techniques.map(({ id }) => id)]);
  const before = new Map(stored.map(({ id, parentId }) => [id, parentId]));
  const byAttackId = new Map<string, string>();
  for (const inForce of [false, true]) {
    for (const technique of stored) {
      if (technique.domain === slice.domain && isInForce(technique) === inForce) {
        byAttackId.set(technique.attackId, technique.id);
      }
    }
  }
  return ({ id, isSubtechnique, parentId, parentAttackId }) => {
    if (!isSubtechnique) return null;
    const candidates = [parentId, before.get(id), byAttackId.get(parentAttackId ?? '')];
    return candidates.find((candidate) => candidate && ids.has(candidate)) ?? null;
  };
}

/** `mitreLastModified` changes only with the content, because MITRE changes the timestamps of whole releases. */
function nextState(
  technique: SliceTechnique,
  before: CatalogueTechnique | undefined,
  parentId: string | null,
): CatalogueTechnique {
  const stamp = new Date(technique.mitreModified);
  const {
    id,
    attackId,
    name,
    domain,
    isSubtechnique,
    tactics,
    platforms,
    techniqueVersion,
    contentHash,
    revokedById,
    replacedById,
  } = technique;
  return {
    id,
    attackId,
    name,
    domain,
    isSubtechnique,
    parentId,
    tactics,
    platforms,
    techniqueVersion,
    mitreCreated: new Date(technique.mitreCreated),
    mitreLastModified: before?.contentHash === contentHash ? before.mitreLastModified : stamp,
    mitreModifiedRaw: stamp,
    contentHash,
    isRevoked: technique.revoked,
    isDeprecated: technique.deprecated,
    revokedById,
    replacedById,
  };
}

function outcomeOf(before: CatalogueTechnique, after: CatalogueTechnique): ImportOutcome {
  if (after.isRevoked && !before.isRevoked) return 'revoked';
  if (after.isDeprecated && !before.isDeprecated) return 'deprecated';
  const step = versionStep(before.techniqueVersion, after.techniqueVersion);
  if (step !== 'none') return step === 'major' ? 'changed_major' : 'changed_minor';
  if (factsOf(before) !== factsOf(after)) return 'changed_metadata_only';
  return before.mitreModifiedRaw.getTime() === after.mitreModifiedRaw.getTime() ? 'unchanged' : 'restamped';
}

/** All stored facts without the timestamps of the last change, as one text to compare. */
function factsOf({ mitreLastModified: _lastModified, mitreModifiedRaw: _raw, ...facts }: CatalogueTechnique): string {
  return JSON.stringify(Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function missingFrom(slice: CatalogueSlice, stored: readonly CatalogueTechnique[]): string[] {
  const ids = new Set(slice.techniques.map(({ id }) => id));
  return stored
    .filter(({ id, domain }) => domain === slice.domain && !ids.has(id))
    .map(({ attackId }) => attackId)
    .sort();
}

/** A malformed object may have any text as its id, and the result is stored. */
function storable({ reason, count, examples }: SkippedObjects): SkippedObjects {
  return { reason: replaceUnstorable(reason), count, examples: examples.map(replaceUnstorable) };
}

/** Whether the release neither revoked nor deprecated the technique. */
export function isInForce({ isRevoked, isDeprecated }: CatalogueTechnique): boolean {
  return !isRevoked && !isDeprecated;
}
