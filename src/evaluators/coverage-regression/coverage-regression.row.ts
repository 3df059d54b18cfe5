import type { TechniqueStatus } from '../../posture/words/index.js';

export type CoverageRegressionConfig = {
  min_drop_pct: number;
  window_days?: number;
  min_drop_from_peak_pct?: number;
};

/** A tactic that lost coverage. Percentages are not rounded. */
export interface TacticLoss {
  domain: string;
  /** ATT&CK short name. */
  tactic: string;
  name: string;
  before_pct: number;
  after_pct: number;
}

/** A technique that is worth less than before. */
export interface FallenTechnique {
  technique_id: string;
  attack_id: string;
  name: string;
  from: TechniqueStatus;
  to: TechniqueStatus;
  tactics: string[];
  /** The source of the change; null if the history no longer has it. */
  change_source: string | null;
  /** The user or API key that made the change. */
  changed_by: string | null;
  changed_at: string | null;
}

/** The columns of every row, with or without a comparable snapshot. Dates are `YYYY-MM-DD`. */
interface Evidence {
  tactics: TacticLoss[] | null;
  techniques: FallenTechnique[] | null;
  techniques_count: number;
  /** Whether the statuses at both snapshots are known. They are read only if the rule breaches. */
  has_statuses: boolean;
}

/** The newest snapshot, the comparable one before it, and the peak of the window if the rule has one. */
export interface Comparison extends Evidence {
  current_date: string;
  current_pct: number;
  current_versions: Record<string, string> | null;
  previous_date: string;
  previous_pct: number;
  previous_versions: Record<string, string> | null;
  /** The coverage of the previous snapshot, restated on the ATT&CK release of the newest. */
  baseline_pct: number;
  /** `baseline_pct` minus `current_pct`. */
  drop_pct: number;
  drop_reached: boolean;
  peak_date: string | null;
  /** Restated on the ATT&CK release of the newest snapshot. */
  peak_pct: number | null;
  drop_from_peak_pct: number | null;
  peak_reached: boolean;
  other_date: null;
}

/** An organisation without a snapshot, or without one that is comparable with the newest. */
export interface NoComparison extends Evidence {
  current_date: string | null;
  current_pct: number | null;
  drop_pct: null;
  drop_reached: false;
  peak_reached: false;
  /** The date of the newest earlier snapshot; it is not comparable. */
  other_date: string | null;
}

export type CoverageRegressionRow = Comparison | NoComparison;
