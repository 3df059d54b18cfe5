import { createHash } from 'node:crypto';
import type { SliceTechnique } from './catalogue-slice.js';

/** The content of a technique. */
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
 * The first 32 hexadecimal digits of the SHA-256 over a technique's content. If it is equal in two releases, only
 * timestamps and bookkeeping of the technique differ.
 *
 * It leaves out timestamps, versions, authors and references, because they change without the technique. It also leaves
 * out what MITRE changed for a whole release at once: detection text, data sources and `x_mitre_remote_support` in
 * 18.0. The object below fixes the order of the keys.
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
