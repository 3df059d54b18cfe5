/** What an organisation counts of what is in scope. What is left out does not limit; lists are sorted, so that equal scopes are equal. */
export interface SnapshotScope {
  /** ATT&CK domains. */
  domains?: string[];
  /** A technique counts that has one of these platforms. */
  platforms?: string[];
}

/** The counts of one tactic, as they are kept: see `ROLLUPS` for what counts. */
export interface TacticCount {
  total: number;
  validated: number;
  partial: number;
  in_progress: number;
  not_covered: number;
  not_evaluated: number;
  coverage_pct: number;
}

/** By domain and the short name of the tactic. A tactic without a technique in scope is left out. */
export type TacticCounts = Record<string, Record<string, TacticCount>>;
