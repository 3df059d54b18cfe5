import type { ImportOutcome, SkippedObjects } from '../../catalogue/index.js';
import type { AttackDomain } from '../../catalogue/words/index.js';

/** Outcomes whose ATT&CK ids a result names; the others touch most of a release or nothing. */
export const NAMED_OUTCOMES = [
  'added',
  'changed_major',
  'changed_minor',
  'changed_metadata_only',
  'revoked',
  'deprecated',
] as const satisfies readonly ImportOutcome[];
type NamedOutcome = (typeof NAMED_OUTCOMES)[number];

/** How many ATT&CK ids a result names of each kind. */
export const MAX_NAMED_IDS = 20;

/**
 * What an import did, as it is answered and kept. For each {@link ImportOutcome} there is the count of its techniques, and for those of
 * {@link NAMED_OUTCOMES} the first ATT&CK ids under `<outcome>_ids`. The counts of the outcomes add up to `techniques_total`. At the first import of a
 * domain all techniques are `added`, revoked and deprecated ones included.
 */
export interface CatalogueImportResult extends Record<ImportOutcome, number>, Record<`${NamedOutcome}_ids`, string[]> {
  id: string;
  domain: AttackDomain;
  attack_version: string;
  /** The release of this domain that was loaded before; null at the first import. */
  previous_attack_version: string | null;
  /** Where it came from: `shipped`, `cli: FILE`, `upload: FILE`. */
  source: string;
  /** Id of the user or API key; null for the command line and the first start. */
  imported_by: string | null;
  /** ISO 8601 UTC. */
  created_at: string;
  /** Techniques of the release that were taken in. */
  techniques_total: number;
  /** Techniques that the catalogue has of this domain and the release has not; they are kept as they are. */
  missing: number;
  missing_ids: string[];
  /** Objects of the bundle that were left out, in all and by reason. */
  skipped: number;
  skipped_reasons: SkippedObjects[];
  tactics_total: number;
  tactics_added: number;
  tactics_changed: number;
  /** Replacements that got the posture of a technique which this release revoked, over all organisations; null for organisations other than the operator's. */
  carried_over: number | null;
  /** Reading the bundle included, where it was read for this import. */
  duration_seconds: number;
}
