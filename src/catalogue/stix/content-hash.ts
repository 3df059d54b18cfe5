import { createHash } from 'node:crypto';
import type { SliceTechnique } from './catalogue-slice.js';

/** What of a technique is its content. */
export type TechniqueContent = Pick<
  SliceTechnique,
  | 'attackId'
  | 'name'
  | 'isSubtechnique'
  | 'parentAttackId'
  | 'tactics'
  | 'platforms'
  | 'revoked'
  | 'deprecated'
  | 'revokedById'
> & { description: string };

/**
 * SHA-256 over a technique's content, the first 32 hexadecimal digits of it. Two releases in which it is equal differ for that technique by stamps and
 * bookkeeping only.
 *
 * Left out are the stamps and versions, who modified and contributed, the list of references (a corrected title of a source changes no technique; the
 * citations themselves stand in the description), and all that MITRE moves for a whole release at once: detection text and data sources, which 18.0
 * emptied, and `x_mitre_remote_support`, which 18.0 began to write out where it is false. The object written here fixes the order of the keys, so the
 * order in the bundle does not matter.
 */
export function contentHash(content: TechniqueContent): string {
  const canonical = JSON.stringify({
    attackId: content.attackId,
    name: content.name,
    description: content.description,
    isSubtechnique: content.isSubtechnique,
    parentAttackId: content.parentAttackId,
    tactics: content.tactics,
    platforms: content.platforms,
    revoked: content.revoked,
    deprecated: content.deprecated,
    revokedById: content.revokedById,
  });
  return createHash('sha256').update(canonical).digest('hex').slice(0, 32);
}
