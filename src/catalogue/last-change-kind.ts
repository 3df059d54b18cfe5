/**
 * How a release can change a technique in force, the largest change first. `metadata`: something other than its
 * version.
 */
export const TECHNIQUE_CHANGES = ['added', 'major', 'minor', 'metadata'] as const;
export type TechniqueChange = (typeof TECHNIQUE_CHANGES)[number];

export type LastChangeKind = TechniqueChange | 'revoked' | 'deprecated';
