/** How a release may have changed a technique that is in force, least expected first. `metadata`: something but its version. */
export const TECHNIQUE_CHANGES = ['added', 'major', 'minor', 'metadata'] as const;
export type TechniqueChange = (typeof TECHNIQUE_CHANGES)[number];

export type LastChangeKind = TechniqueChange | 'revoked' | 'deprecated';
