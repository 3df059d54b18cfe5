import type { TechniqueStatus } from '../../posture/words/index.js';

export type CoverageRegressionConfig = {
  min_drop_pct: number;
  window_days?: number;
  min_drop_from_peak_pct?: number;
};

/** A tactic that lost coverage, in percent and not rounded. */
export interface TacticLoss {
  domain: string;
  /** Short name. */
  tactic: string;
  name: string;
  before_pct: number;
  after_pct: number;
}

/** A technique that is worth less than it was. */
export interface FallenTechnique {
  technique_id: string;
  attack_id: string;
  name: string;
  from: TechniqueStatus;
  to: TechniqueStatus;
  tactics: string[];
  /** What changed it; null where the history does not tell any more. */
  change_source: string | null;
  /** The user or API key that did. */
  changed_by: string | null;
  changed_at: string | null;
}

/** What is the same of an organisation with two comparable snapshots and of one without. Dates are `YYYY-MM-DD`. */
interface Evidence {
  tactics: TacticLoss[] | null;
  techniques: FallenTechnique[] | null;
  techniques_count: number;
  /** Whether the statuses at both snapshots are known; they are looked for only where the rule breaches. */
  has_statuses: boolean;
}

/** The newest snapshot, the comparable one before it, and where a window was given the highest of it. */
export interface Comparison extends Evidence {
  current_date: string;
  current_pct: number;
  current_versions: Record<string, string> | null;
  previous_date: string;
  previous_pct: number;
  previous_versions: Record<string, string> | null;
  /** What the previous one would have been on the catalogue of the newest. */
  baseline_pct: number;
  /** The baseline less the newest. */
  drop_pct: number;
  drop_reached: boolean;
  peak_date: string | null;
  /** On the footing of the newest. */
  peak_pct: number | null;
  drop_from_peak_pct: number | null;
  peak_reached: boolean;
  other_date: null;
}

/** An organisation that has no snapshot, or none to compare the newest with. */
export interface NoComparison extends Evidence {
  current_date: string | null;
  current_pct: number | null;
  drop_pct: null;
  drop_reached: false;
  peak_reached: false;
  /** The newest of the others, none of which was counted alike. */
  other_date: string | null;
}

export type CoverageRegressionRow = Comparison | NoComparison;
