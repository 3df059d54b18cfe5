import { Injectable } from '@nestjs/common';
import { counted, roundBeside } from '../../common/wire.js';
import { inScope, type PostureReader } from '../../posture/index.js';
import { TECHNIQUE_STATUSES, type TechniqueStatus } from '../../posture/words/index.js';
import type { CountedTechniques, Evaluator, Finding, RuleToMeasure, RuleTypeDefinition } from '../evaluator.js';
import { hundredths, pairRows, ruleColumns, inNumber } from '../measuring.js';

type LowCoverageConfig = { max_coverage_pct: number };

/** How many techniques in scope have each status. */
type LowCoverageRow = Record<StatusInScope, number>;

type StatusInScope = Exclude<TechniqueStatus, 'not_applicable'>;

const STATUSES_IN_SCOPE = TECHNIQUE_STATUSES.filter((status): status is StatusInScope => status !== 'not_applicable');

/**
 * Compares the current coverage with a floor. Without techniques in scope there is no coverage, and the rule does not
 * fire.
 */
@Injectable()
export class LowCoverageEvaluator implements Evaluator<LowCoverageConfig> {
  readonly definition: RuleTypeDefinition = {
    type: 'low_coverage',
    name: 'Low coverage',
    description: 'Fires when the coverage of the techniques in scope is at or below a percentage.',
    configSchema: {
      type: 'object',
      additionalProperties: false,
      properties: {
        max_coverage_pct: {
          type: 'number',
          title: 'Maximum coverage',
          description: 'The rule fires at or below this coverage, in percent.',
          minimum: 0,
          maximum: 100,
          default: 30,
        },
      },
    },
    affectedBy: ['posture', 'catalogue'],
  };

  /**
   * The weight of a technique is its missing coverage, in halves: 1 if it is partial, 2 if it is neither partial nor
   * validated.
   */
  readonly counted: CountedTechniques<LowCoverageConfig> = {
    settings: {},
    select: ({ posture }) => `
      SELECT p.technique_id, CASE p.status_global WHEN 'partial' THEN 1 ELSE 2 END AS weight FROM ${posture} p
      WHERE p.organization_id = r.organization_id AND ${inScope('p')} AND p.status_global <> 'validated'`,
  };

  async measure(
    rules: readonly RuleToMeasure<LowCoverageConfig>[],
    _at: Date,
    posture: PostureReader,
  ): Promise<Finding[]> {
    if (rules.length === 0) return [];
    const rows = await posture.query<LowCoverageRow>(statement(posture), ruleColumns(rules));
    return pairRows(rules, rows, finding);
  }
}

/**
 * One count for each status is an index-only scan. A single count with filters would compare the status of every row.
 */
function statement({ relations }: PostureReader): string {
  const counts = STATUSES_IN_SCOPE.map(
    (status) => `(
        SELECT count(*)::int FROM ${relations.posture} p
        WHERE p.organization_id = r.organization_id AND ${inScope('p')} AND p.status_global = '${status}'
      ) AS ${status}`,
  );
  return `
    SELECT ${counts.join(', ')}
    FROM unnest($1::uuid[]) WITH ORDINALITY AS r (organization_id, ord)
    ORDER BY r.ord`;
}

function finding({ max_coverage_pct }: LowCoverageConfig, row: LowCoverageRow): Finding {
  const total = STATUSES_IN_SCOPE.reduce((sum, status) => sum + row[status], 0);
  // A single division gives the double nearest to the true value, so 333 of 1000 equals a threshold of 33.3.
  const coverage = total === 0 ? null : (100 * row.validated + 50 * row.partial) / total;
  const breached = coverage !== null && coverage <= max_coverage_pct;
  return {
    measured: coverage,
    threshold: max_coverage_pct,
    breached,
    details: {
      coverage_pct: coverage === null ? null : hundredths(coverage),
      threshold: max_coverage_pct,
      total,
      ...row,
    },
    alert: breached ? alertText(row, total, coverage, max_coverage_pct) : null,
  };
}

function alertText(
  { validated, partial }: LowCoverageRow,
  total: number,
  coverage: number,
  threshold: number,
): Finding['alert'] {
  const what = `Coverage is ${roundBeside(coverage, threshold)}%, at or below ${threshold}%`;
  return {
    title: what,
    message:
      `${what}: of ${counted(total, 'technique')} in scope, ${validated} ${inNumber(validated, 'is', 'are')} validated and ` +
      `${partial} ${inNumber(partial, 'is', 'are')} partial, which ${inNumber(partial, 'counts', 'count')} half. ` +
      `Look at the techniques that are not covered or not evaluated.`,
  };
}
