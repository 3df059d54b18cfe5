/**
 * Limits the techniques in scope that an organisation counts. A list that is left out does not limit. Lists are sorted,
 * so that equal scopes have equal texts.
 */
export interface SnapshotScope {
  /** ATT&CK domains. */
  domains?: string[];
  /** A technique counts if it has any of these platforms. */
  platforms?: string[];
}

/** The stored counts of one tactic; see `ROLLUPS` for the counting. */
export interface TacticCount {
  total: number;
  validated: number;
  partial: number;
  in_progress: number;
  not_covered: number;
  not_evaluated: number;
  coverage_pct: number;
}

/** By domain and short name of the tactic. Tactics without a technique in scope are left out. */
export type TacticCounts = Record<string, Record<string, TacticCount>>;
