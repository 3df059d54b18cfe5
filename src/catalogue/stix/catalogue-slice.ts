import type { AttackDomain } from '../words/attack-domain.js';

/** What the catalogue keeps of one ATT&CK release of one domain: the shape between a reader and the import. */
export interface CatalogueSlice {
  domain: AttackDomain;
  /** ATT&CK release such as `18.1`; null when neither the bundle nor the caller told it, as STIX 2.0 bundles carry none. */
  attackVersion: string | null;
  stixVersion: '2.0' | '2.1';
  /** Tactics in force, by ATT&CK id. */
  tactics: SliceTactic[];
  /** Techniques in force, revoked and deprecated, by ATT&CK id and then id. */
  techniques: SliceTechnique[];
  /** Objects that were left out although they looked like something the catalogue keeps. */
  skipped: SkippedObjects[];
}

export interface SliceTactic {
  stixId: string;
  /** Such as `TA0001`. */
  attackId: string;
  /** Kill-chain phase name, such as `initial-access`. */
  shortname: string;
  name: string;
  url?: string;
}

export interface SliceTechnique {
  /** The uuid of `attack-pattern--<uuid>`, lower case. */
  id: string;
  stixId: string;
  /** Such as `T1059.001`. Not unique: a revoked technique may share it with the one in force. */
  attackId: string;
  name: string;
  domain: AttackDomain;
  isSubtechnique: boolean;
  parentAttackId: string | null;
  parentId: string | null;
  /** Kill-chain phase names, sorted, unique. */
  tactics: string[];
  /** Sorted, unique. */
  platforms: string[];
  /** MITRE's version of this technique, such as `1.4`. */
  techniqueVersion: string | null;
  /** ISO 8601 UTC. */
  mitreCreated: string;
  /** MITRE's stamp as published, ISO 8601; releases move it without a change of content. */
  mitreModified: string;
  revoked: boolean;
  deprecated: boolean;
  /** Id of the technique that `revoked-by` points at. */
  revokedById: string | null;
  /** Id of the technique in force that `revoked-by` leads to in the end; null when there is none. */
  replacedById: string | null;
  /** See {@link contentHash}. */
  contentHash: string;
}

export interface SkippedObjects {
  reason: string;
  count: number;
  /** At most five ids, or positions such as `objects[17]` where an object has none. */
  examples: string[];
}

/** What a caller may say of a bundle. */
export interface ParseStixOptions {
  /** Needed only when the bundle does not tell its domain or holds several: techniques of other domains are then left out. */
  domain?: AttackDomain;
  /** ATT&CK release such as `18.1`. Needed for STIX 2.0, which carries none; must agree with a bundle that does. */
  attackVersion?: string;
}
