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
import { alertOf, reasonNotCompared } from './coverage-regression.alert-text.js';

/**
 * Compares the newest snapshot with the comparable one before it. If the ATT&CK release changed between the two, it
 * compares with the baseline instead (ADR 0011).
 */
@Injectable()
export class CoverageRegressionEvaluator implements Evaluator<CoverageRegressionConfig> {
  readonly definition: RuleTypeDefinition = {
    type: 'coverage_regression',
    name: 'Coverage regression',
    description:
      'Fires when coverage drops from one posture snapshot to the next, or slowly over several days. A new ATT&CK release alone never makes it fire.',
    configSchema: {
      type: 'object',
      additionalProperties: false,
      properties: {
        min_drop_pct: {
          type: 'number',
          title: 'Minimum drop',
          description:
            'The rule fires when coverage drops by at least this many percentage points between the two newest snapshots.',
          minimum: 0.01,
          maximum: 100,
          default: 5,
        },
        window_days: {
          type: 'integer',
          title: 'Days of the peak',
          description:
            'The rule also compares the newest snapshot with the highest coverage in this many days before it. 0 or left out: it compares with the previous snapshot only.',
          minimum: 0,
          maximum: 400,
          optional: true,
        },
        min_drop_from_peak_pct: {
          type: 'number',
          title: 'Minimum drop from the peak',
          description:
            'The rule fires when coverage is at least this many percentage points below the peak. Left out: the minimum drop applies. Needs the days of the peak.',
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

  /**
   * Every snapshot within a scope is counted from the history. That is affordable for two snapshots, but not for each
   * day of a window.
   */
  scopeProblems({ window_days }: CoverageRegressionConfig): Record<string, string> {
    return window_days
      ? {
          window_days:
            'must be 0 or left out when the rule has a scope: such a rule compares the two newest snapshots only',
        }
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

/**
 * `measured` is the drop from the peak only if that drop alone breaches. Otherwise its meaning would change from day to
 * day.
 */
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

/** JSON from PostgreSQL has instants in the session's time zone; details have them in UTC. */
function techniqueDetails(technique: FallenTechnique): Record<string, unknown> {
  const { technique_id, attack_id, name, from, to, tactics, change_source, changed_by, changed_at } = technique;
  const at = changed_at === null ? null : new Date(changed_at).toISOString();
  return { technique_id, attack_id, name, from, to, tactics, change_source, changed_by, changed_at: at };
}

function isCompared(row: CoverageRegressionRow): row is Comparison {
  return row.drop_pct !== null;
}
