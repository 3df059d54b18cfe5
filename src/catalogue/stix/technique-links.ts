import type { SliceTechnique } from './catalogue-slice.js';
import type { StixObject } from './stix-objects.js';
import { techniqueUuid } from './stix-technique.js';

/** Technique ids of a relationship type: from source to target, such as from the revoked one to the one that takes its place. */
export type TechniqueLinks = ReadonlyMap<string, string>;

type Linked = Pick<SliceTechnique, 'id' | 'attackId' | 'revoked' | 'deprecated'>;

/**
 * The links of one type between techniques, withdrawn ones left out. Relationships of other objects (a revoked group has a `revoked-by` too) are no links
 * here. Where a source has several targets the newest relationship counts, and the least target among equally new ones, so that the order of the objects
 * does not matter.
 */
export function techniqueLinks(
  relationships: readonly StixObject[],
  type: 'subtechnique-of' | 'revoked-by',
): TechniqueLinks {
  const newest = new Map<string, { target: string; modified: number }>();
  for (const relationship of relationships) {
    if (relationship['relationship_type'] !== type) continue;
    if (relationship['revoked'] === true || relationship['x_mitre_deprecated'] === true) continue;
    const source = techniqueUuid(relationship['source_ref']);
    const target = techniqueUuid(relationship['target_ref']);
    if (source === null || target === null || source === target) continue;
    const modified = Date.parse(String(relationship['modified'])) || 0;
    const known = newest.get(source);
    if (!known || modified > known.modified || (modified === known.modified && target < known.target))
      newest.set(source, { target, modified });
  }
  return new Map([...newest].map(([source, { target }]) => [source, target]));
}

/** Techniques by ATT&CK id; the one in force where a revoked one shares the id with it. */
export function byAttackId<T extends Linked>(techniques: Iterable<T>): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const technique of techniques) {
    const known = found.get(technique.attackId);
    if (!known || (!isInForce(known) && isInForce(technique))) found.set(technique.attackId, technique);
  }
  return found;
}

/**
 * The technique in force that `revoked-by` leads to from a revoked one, over any number of steps. Null when the trail ends at a technique that is deprecated
 * or not in the bundle, or runs in a circle.
 */
export function replacementOf(
  revokedId: string,
  revokedById: (id: string) => string | null | undefined,
  techniques: ReadonlyMap<string, Linked>,
): string | null {
  const seen = new Set<string>([revokedId]);
  for (let id = revokedById(revokedId); id && !seen.has(id); id = revokedById(id)) {
    const technique = techniques.get(id);
    if (!technique) return null;
    if (isInForce(technique)) return id;
    seen.add(id);
  }
  return null;
}

export function isInForce(technique: Pick<SliceTechnique, 'revoked' | 'deprecated'>): boolean {
  return !technique.revoked && !technique.deprecated;
}
