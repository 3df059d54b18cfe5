import { createHash } from 'node:crypto';
import type { CatalogueSlice } from '../../src/catalogue/stix/catalogue-slice.js';
import { uuid } from './a-stix-bundle.js';
import { compileWorker } from './compile-worker.js';

type SliceTechnique = CatalogueSlice['techniques'][number];
type SliceTactic = CatalogueSlice['tactics'][number];

/**
 * A technique of a slice. Its content hash is derived from `content`, which represents everything that MITRE wrote
 * about it.
 */
export function aSliceTechnique(
  number: number,
  facts: Partial<SliceTechnique> & { content?: string } = {},
): SliceTechnique {
  const { content = `What an adversary does in ${number}`, ...others } = facts;
  const attackId = facts.attackId ?? `T${number}`;
  const id = facts.id ?? uuid(number);
  const shown = [content, attackId, facts.revoked ?? false, facts.deprecated ?? false];
  return {
    id,
    stixId: `attack-pattern--${id}`,
    attackId,
    name: `Technique ${number}`,
    domain: 'enterprise-attack',
    isSubtechnique: attackId.includes('.'),
    parentAttackId: attackId.includes('.') ? attackId.split('.')[0]! : null,
    parentId: null,
    tactics: ['execution'],
    platforms: ['Linux', 'Windows'],
    techniqueVersion: '1.2',
    mitreCreated: '2020-01-30T13:58:14.373Z',
    mitreModified: '2025-04-15T19:58:42.824Z',
    revoked: false,
    deprecated: false,
    revokedById: null,
    replacedById: null,
    contentHash: createHash('sha256').update(JSON.stringify(shown)).digest('hex').slice(0, 32),
    ...others,
  };
}

export function aSliceTactic(number: number, facts: Partial<SliceTactic> = {}): SliceTactic {
  return {
    stixId: `x-mitre-tactic--${uuid(number)}`,
    attackId: `TA${number}`,
    shortname: `tactic-${number}`,
    name: `Tactic ${number}`,
    ...facts,
  };
}

/** Release 18.1 of Enterprise with these techniques. */
export function aSlice(techniques: SliceTechnique[], facts: Partial<CatalogueSlice> = {}): CatalogueSlice {
  const domain = facts.domain ?? 'enterprise-attack';
  return {
    domain,
    attackVersion: '18.1',
    stixVersion: '2.1',
    tactics: [],
    skipped: [],
    ...facts,
    techniques: techniques.map((technique) => ({ ...technique, domain })),
  };
}

/**
 * Compiles the worker that reads bundles, with its imports, into a folder, because a thread cannot run TypeScript.
 * @returns the script to start
 */
export function compileStixWorker(into: string): string {
  return compileWorker('src/catalogue/stix/stix-worker.ts', into);
}
