import type { Severity } from '../common/alerting.js';

export interface SystemRule {
  /** Identifies the rule, even after an admin gives it another name. It never changes. */
  key: string;
  name: string;
  description: string;
  ruleType: string;
  severity: Severity;
  config: Record<string, number>;
  cooldownHours: number;
}

/** The rules that every organisation has from its first day. */
export const SYSTEM_RULES: readonly SystemRule[] = [
  {
    key: 'critical_risk_techniques',
    name: 'Critical Risk Techniques',
    description: 'Several techniques carry a critical risk score.',
    ruleType: 'high_risk',
    severity: 'critical',
    config: { min_risk_score: 75, min_count: 3 },
    cooldownHours: 24,
  },
  {
    key: 'high_risk_technique_spike',
    name: 'High-Risk Technique Spike',
    description: 'Many techniques carry a raised risk score at once.',
    ruleType: 'high_risk',
    severity: 'high',
    config: { min_risk_score: 50, min_count: 10 },
    cooldownHours: 24,
  },
  {
    key: 'stale_technique_detection',
    name: 'Stale Technique Detection',
    description: 'Validated techniques have not been reviewed for a month.',
    ruleType: 'stale_technique',
    severity: 'medium',
    config: { days_stale: 30, min_count: 5 },
    cooldownHours: 48,
  },
  {
    key: 'coverage_regression',
    name: 'Coverage Regression',
    description: 'Coverage fell between the two newest snapshots.',
    ruleType: 'coverage_regression',
    severity: 'high',
    config: { min_drop_pct: 5 },
    cooldownHours: 12,
  },
  {
    key: 'low_coverage_warning',
    name: 'Low Coverage Warning',
    description: 'Coverage of the techniques in scope is low.',
    ruleType: 'low_coverage',
    severity: 'medium',
    config: { max_coverage_pct: 30 },
    cooldownHours: 72,
  },
  {
    key: 'revalidation_queue_backlog',
    name: 'Revalidation Queue Backlog',
    description: 'The queue of techniques to validate again is long.',
    ruleType: 'expiry_wave',
    severity: 'medium',
    config: { min_pending_count: 15 },
    cooldownHours: 24,
  },
  {
    key: 'new_mitre_techniques_detected',
    name: 'New MITRE Techniques Detected',
    description: 'MITRE published or changed techniques within the last week.',
    ruleType: 'new_technique',
    severity: 'info',
    config: { lookback_days: 7, min_count: 1 },
    cooldownHours: 168,
  },
  {
    key: 'orphan_technique_spike',
    name: 'Orphan Technique Spike',
    description: 'Many techniques in scope have no owner.',
    ruleType: 'orphan_spike',
    severity: 'low',
    config: { min_orphan_count: 20 },
    cooldownHours: 48,
  },
];
