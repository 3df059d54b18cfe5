import type { ImportOutcome, SkippedObjects } from '../../catalogue/index.js';
import type { AttackDomain } from '../../catalogue/words/index.js';

/** Outcomes whose ATT&CK ids a result lists. The others concern most of a release, or nothing. */
export const NAMED_OUTCOMES = [
  'added',
  'changed_major',
  'changed_minor',
  'changed_metadata_only',
  'revoked',
  'deprecated',
] as const satisfies readonly ImportOutcome[];
type NamedOutcome = (typeof NAMED_OUTCOMES)[number];

/** The most ATT&CK ids that a result lists for each outcome. */
export const MAX_NAMED_IDS = 20;

/**
 * The result of an import, as stored and answered. Each {@link ImportOutcome} has a count of techniques, and each of
 * {@link NAMED_OUTCOMES} has its first ATT&CK ids under `<outcome>_ids`. The counts add up to `techniques_total`. In
 * the first import of a domain every technique is `added`.
 */
export interface CatalogueImportResult extends Record<ImportOutcome, number>, Record<`${NamedOutcome}_ids`, string[]> {
  id: string;
  domain: AttackDomain;
  attack_version: string;
  /** The release of this domain that was loaded before; null for the first import. */
  previous_attack_version: string | null;
  /** The source: `shipped`, `cli: FILE` or `upload: FILE`. */
  source: string;
  /** Id of the user or API key; null for the command line and the first start. */
  imported_by: string | null;
  /** ISO 8601 UTC. */
  created_at: string;
  /** Imported techniques of the release. */
  techniques_total: number;
  /** Techniques of this domain in the catalogue but not in the release. They stay as they are. */
  missing: number;
  missing_ids: string[];
  /** Objects of the bundle that were skipped, in all and by reason. */
  skipped: number;
  skipped_reasons: SkippedObjects[];
  tactics_total: number;
  tactics_added: number;
  tactics_changed: number;
  /**
   * Replacements that got the posture of a revoked technique, over all organisations; null for organisations other than
   * the operator's.
   */
  carried_over: number | null;
  /** Includes reading the bundle, if it was read for this import. */
  duration_seconds: number;
}
