import { Injectable } from '@nestjs/common';
import type { PostureReader } from '../../posture/index.js';
import type { Evaluator, Finding, RuleToMeasure, RuleTypeDefinition } from '../evaluator.js';
import { hundredths, pairRows, ruleColumns } from '../measuring.js';
import type {
  Comparison,
  CoverageRegressionConfig,
  CoverageRegressionRow,
  FallenTechnique,
} from './coverage-regression.row.js';
import { coverageRegressionStatement } from './coverage-regression.statement.js';
import { alertOf, reasonNotCompared } from './coverage-regression.words.js';

/**
 * Compares the newest snapshot of coverage, as far as the instant knows them, with the one before it that was counted alike. Where the ATT&CK release changed in
 * between, it compares with what that one would have been on the newer release: what the organisation did is alerted on, and what MITRE did is only told.
 */
@Injectable()
export class CoverageRegressionEvaluator implements Evaluator<CoverageRegressionConfig> {
  readonly definition: RuleTypeDefinition = {
    type: 'coverage_regression',
    name: 'Coverage regression',
    description:
      'Fires when coverage dropped from one posture snapshot to the next, or slowly over a number of days. A new ATT&CK release never makes it fire by itself.',
    configSchema: {
      type: 'object',
      additionalProperties: false,
      properties: {
        min_drop_pct: {
          type: 'number',
          title: 'Minimum drop',
          description: 'The rule fires from this drop up, in percentage points between the two newest snapshots.',
          minimum: 0.01,
          maximum: 100,
          default: 5,
        },
        window_days: {
          type: 'integer',
          title: 'Days of the peak',
          description:
            'The rule also compares with the highest coverage of this number of days before the newest snapshot. 0, or left out: only with the snapshot before.',
          minimum: 0,
          maximum: 400,
          optional: true,
        },
        min_drop_from_peak_pct: {
          type: 'number',
          title: 'Minimum drop from the peak',
          description:
            'The rule fires from this drop below that highest coverage up, in percentage points. Left out: the minimum drop. It takes the days of the peak.',
          minimum: 0.01,
          maximum: 100,
          optional: true,
        },
      },
    },
    affectedBy: ['snapshot'],
  };

  configProblems({ window_days, min_drop_from_peak_pct }: CoverageRegressionConfig): Record<string, string> {
    return min_drop_from_peak_pct !== undefined && !window_days
      ? { window_days: 'must be given with min_drop_from_peak_pct: a whole number of days from 1 to 400' }
      : {};
  }

  /** Each snapshot within a scope is counted from the history: two are, and not one for each day. */
  scopeProblems({ window_days }: CoverageRegressionConfig): Record<string, string> {
    return window_days
      ? { window_days: 'must be 0 or left out of a rule with a scope, which compares the two newest snapshots alone' }
      : {};
  }

  async measure(
    rules: readonly RuleToMeasure<CoverageRegressionConfig>[],
    at: Date,
    posture: PostureReader,
  ): Promise<Finding[]> {
    if (rules.length === 0) return [];
    const parameters = [...ruleColumns(rules, 'min_drop_pct', 'window_days', 'min_drop_from_peak_pct'), at];
    const rows = await posture.query<CoverageRegressionRow>(coverageRegressionStatement(posture), parameters);
    return pairRows(rules, rows, finding);
  }
}

/** A drop from the peak is what is measured only where it alone breaches, so that what is measured does not change its meaning from day to day. */
function finding(config: CoverageRegressionConfig, row: CoverageRegressionRow): Finding {
  const breached = row.drop_reached || row.peak_reached;
  const byPeak = row.peak_reached && !row.drop_reached;
  const threshold = byPeak ? (config.min_drop_from_peak_pct ?? config.min_drop_pct) : config.min_drop_pct;
  return {
    measured: byPeak ? row.drop_from_peak_pct : row.drop_pct,
    threshold,
    breached,
    details: {
      previous_pct: isCompared(row) ? hundredths(row.previous_pct) : null,
      current_pct: row.current_pct === null ? null : hundredths(row.current_pct),
      drop_pct: row.drop_pct === null ? null : hundredths(row.drop_pct),
      previous_date: isCompared(row) ? row.previous_date : null,
      current_date: row.current_date,
      threshold,
      ...(isCompared(row) ? comparisonDetails(row) : { reason: reasonNotCompared(row) }),
    },
    alert: breached && isCompared(row) ? alertOf(row, config) : null,
  };
}

function comparisonDetails(row: Comparison): Record<string, unknown> {
  return {
    baseline_pct: hundredths(row.baseline_pct),
    control_delta_pct: hundredths(-row.drop_pct),
    taxonomy_delta_pct: hundredths(row.baseline_pct - row.previous_pct),
    attack_versions: { before: row.previous_versions, after: row.current_versions },
    ...(row.peak_pct === null || row.drop_from_peak_pct === null
      ? {}
      : {
          peak_pct: hundredths(row.peak_pct),
          peak_date: row.peak_date,
          drop_from_peak_pct: hundredths(row.drop_from_peak_pct),
        }),
    tactics: (row.tactics ?? []).map(({ domain, tactic, name, before_pct, after_pct }) => ({
      domain,
      tactic,
      name,
      before_pct: hundredths(before_pct),
      after_pct: hundredths(after_pct),
    })),
    techniques: (row.techniques ?? []).map(techniqueDetails),
    techniques_count: row.techniques_count,
  };
}

/** The database writes instants in the time zone of its session. */
function techniqueDetails(technique: FallenTechnique): Record<string, unknown> {
  const { technique_id, attack_id, name, from, to, tactics, change_source, changed_by, changed_at } = technique;
  const at = changed_at === null ? null : new Date(changed_at).toISOString();
  return { technique_id, attack_id, name, from, to, tactics, change_source, changed_by, changed_at: at };
}

function isCompared(row: CoverageRegressionRow): row is Comparison {
  return row.drop_pct !== null;
}
