import { Injectable } from '@nestjs/common';
import type { PostureReader } from '../../posture/index.js';
import type { Evaluator, Finding, RuleToMeasure, RuleTypeDefinition } from '../evaluator.js';
import { hundredths, pairRows, percentage, ruleColumns, inNumber } from '../measuring.js';

type CoverageRegressionConfig = { min_drop_pct: number };

/** The two newest snapshots of an organisation. Dates are `YYYY-MM-DD`. */
interface Comparison {
  previous_pct: number;
  current_pct: number;
  drop_pct: number;
  previous_date: string;
  current_date: string;
  breached: boolean;
}

/** An organisation that has no snapshot, or one only. */
interface NoComparison {
  previous_pct: null;
  current_pct: number | null;
  drop_pct: null;
  previous_date: null;
  current_date: string | null;
  breached: false;
}

type CoverageRegressionRow = Comparison | NoComparison;

/** Compares the two newest snapshots of coverage, as far as the instant knows them. */
@Injectable()
export class CoverageRegressionEvaluator implements Evaluator<CoverageRegressionConfig> {
  readonly definition: RuleTypeDefinition = {
    type: 'coverage_regression',
    name: 'Coverage regression',
    description: 'Fires when coverage dropped from one posture snapshot to the next.',
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
      },
    },
    affectedBy: ['snapshot'],
  };

  async measure(
    rules: readonly RuleToMeasure<CoverageRegressionConfig>[],
    at: Date,
    posture: PostureReader,
  ): Promise<Finding[]> {
    if (rules.length === 0) return [];
    const parameters = [...ruleColumns(rules, 'min_drop_pct'), at];
    return pairRows(rules, await posture.query<CoverageRegressionRow>(statement(posture), parameters), finding);
  }
}

/** The drop is a difference of decimals: in binary floating point, 53.69 less 48.69 is not quite 5. */
function statement({ relations }: PostureReader): string {
  const newestSnapshot = (condition: string) => `
      SELECT s.snapshot_date, s.coverage_pct FROM ${relations.snapshot} s
      WHERE s.organization_id = r.organization_id AND s.snapshot_date ${condition}
      ORDER BY s.snapshot_date DESC LIMIT 1`;
  return `
    SELECT previous.coverage_pct AS previous_pct, current.coverage_pct AS current_pct, drop.points::float8 AS drop_pct,
      to_char(previous.snapshot_date, 'YYYY-MM-DD') AS previous_date, to_char(current.snapshot_date, 'YYYY-MM-DD') AS current_date,
      coalesce(drop.points >= r.min_drop_pct::numeric, false) AS breached
    FROM unnest($1::uuid[], $2::float8[]) WITH ORDINALITY AS r (organization_id, min_drop_pct, ord)
    LEFT JOIN LATERAL (${newestSnapshot(`<= ($3::timestamptz AT TIME ZONE 'UTC')::date`)}) current ON true
    LEFT JOIN LATERAL (${newestSnapshot('< current.snapshot_date')}) previous ON true
    CROSS JOIN LATERAL (SELECT previous.coverage_pct::numeric - current.coverage_pct::numeric AS points) drop
    ORDER BY r.ord`;
}

function finding({ min_drop_pct }: CoverageRegressionConfig, row: CoverageRegressionRow): Finding {
  const { previous_pct, current_pct, drop_pct, previous_date, current_date, breached } = row;
  return {
    measured: drop_pct,
    threshold: min_drop_pct,
    breached,
    details: {
      previous_pct: rounded(previous_pct),
      current_pct: rounded(current_pct),
      drop_pct: rounded(drop_pct),
      previous_date,
      current_date,
      threshold: min_drop_pct,
      ...(row.drop_pct === null ? { reason: reasonNotCompared(row) } : {}),
    },
    alert: row.breached ? words(row, min_drop_pct) : null,
  };
}

function rounded(value: number | null): number | null {
  return value === null ? null : hundredths(value);
}

function reasonNotCompared({ current_date }: NoComparison): string {
  return current_date === null
    ? 'There is no posture snapshot yet, and it takes two to compare.'
    : `There is one posture snapshot only, of ${current_date}, and it takes two to compare.`;
}

function words(row: Comparison, threshold: number): Finding['alert'] {
  const drop = hundredths(row.drop_pct);
  const what = `Coverage dropped by ${drop} percentage ${inNumber(drop, 'point', 'points')}`;
  const [previous, current] = [percentage(row.previous_pct), percentage(row.current_pct)];
  return {
    title: `${what}, from ${previous} to ${current}`,
    message:
      `${what}, from ${previous} on ${row.previous_date} to ${current} on ${row.current_date}; ` +
      `the rule fires at a drop of ${threshold} or more. Look at the techniques whose status changed between these snapshots.`,
  };
}
