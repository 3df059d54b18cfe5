import type { AttackDomain } from '../words/attack-domain.js';

/** One ATT&CK release of one domain, as a reader gives it to the import. */
export interface CatalogueSlice {
  domain: AttackDomain;
  /** ATT&CK release such as `18.1`; null if neither the bundle nor the caller names it. STIX 2.0 bundles name none. */
  attackVersion: string | null;
  stixVersion: '2.0' | '2.1';
  /** Tactics in force, by ATT&CK id. */
  tactics: SliceTactic[];
  /** Techniques in force, revoked and deprecated, by ATT&CK id and then id. */
  techniques: SliceTechnique[];
  /** Techniques and tactics that were left out because they are unusable. */
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
  /** MITRE's timestamp of the last change as published, ISO 8601. Releases change it without a change of content. */
  mitreModified: string;
  revoked: boolean;
  deprecated: boolean;
  /** Id of the technique that `revoked-by` points at. */
  revokedById: string | null;
  /** Id of the technique in force at the end of the chain of `revoked-by`; null if there is none. */
  replacedById: string | null;
  /** See {@link contentHash}. */
  contentHash: string;
}

export interface SkippedObjects {
  reason: string;
  count: number;
  /** At most five ids, or positions such as `objects[17]` for objects without an id. */
  examples: string[];
}

/** What a caller can state about a bundle. */
export interface ParseStixOptions {
  /** Needed only if the bundle names no domain or holds several. Techniques of other domains are then left out. */
  domain?: AttackDomain;
  /**
   * ATT&CK release such as `18.1`. Needed for STIX 2.0, which names none. It must agree with a bundle that names one.
   */
  attackVersion?: string;
}
