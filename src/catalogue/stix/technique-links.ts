import type { SliceTechnique } from './catalogue-slice.js';
import type { StixObject } from './stix-objects.js';
import { techniqueUuid } from './stix-technique.js';

/**
 * Technique ids from source to target of one relationship type, such as from a revoked technique to its replacement.
 */
export type TechniqueLinks = ReadonlyMap<string, string>;

type Linked = Pick<SliceTechnique, 'id' | 'attackId' | 'revoked' | 'deprecated'>;

/**
 * The links of one type between techniques, without withdrawn ones and without those of other objects, such as a
 * revoked group. If a source has several targets, the newest relationship counts; among equally new ones the lowest
 * target id counts, so that the order of the objects has no effect.
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
    if (!known || modified > known.modified || (modified === known.modified && target < known.target)) {
      newest.set(source, { target, modified });
    }
  }
  return new Map([...newest].map(([source, { target }]) => [source, target]));
}

/** Techniques by ATT&CK id. If a revoked technique has the same id, the one in force counts. */
export function byAttackId<T extends Linked>(techniques: Iterable<T>): ReadonlyMap<string, T> {
  const found = new Map<string, T>();
  for (const technique of techniques) {
    const known = found.get(technique.attackId);
    if (!known || (!isInForce(known) && isInForce(technique))) found.set(technique.attackId, technique);
  }
  return found;
}

/**
 * Follows `revoked-by` from a revoked technique to the one in force, over any number of steps. Null if the chain ends
 * at a technique that is deprecated or missing, or if it is circular.
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
