import { Injectable } from '@nestjs/common';
import { counted } from '../../common/wire.js';
import { inScope, type PostureReader } from '../../posture/index.js';
import type { CountedTechniques, Evaluator, Finding, RuleToMeasure, RuleTypeDefinition } from '../evaluator.js';
import { annotated, minimumCount, pairRows, ruleColumns, inNumber } from '../measuring.js';

type HighRiskConfig = { min_risk_score: number; min_count: number };

interface HighRiskRow {
  count: number;
  breached: boolean;
  top_ids: string[];
  top_attack_ids: string[];
  top_scores: number[];
}

const EVIDENCE_LIMIT = 5;

/** Counts techniques whose risk score reaches a threshold. */
@Injectable()
export class HighRiskEvaluator implements Evaluator<HighRiskConfig> {
  readonly definition: RuleTypeDefinition = {
    type: 'high_risk',
    name: 'High risk',
    description: 'Fires when enough techniques in scope have a high risk score.',
    configSchema: {
      type: 'object',
      additionalProperties: false,
      properties: {
        min_risk_score: {
          type: 'number',
          title: 'Minimum risk score',
          description: 'A technique counts if its risk score, from 0 to 100, is at least this high.',
          minimum: 0,
          maximum: 100,
          default: 75,
        },
        min_count: minimumCount('The rule fires when at least this many techniques count.', 1),
      },
    },
    affectedBy: ['posture', 'catalogue'],
  };

  readonly counted: CountedTechniques<HighRiskConfig> = {
    settings: { min_risk_score: 'float8' },
    select: ({ posture }) => `SELECT p.technique_id, 1 AS weight FROM ${posture} p WHERE ${COUNTS}`,
  };

  async measure(
    rules: readonly RuleToMeasure<HighRiskConfig>[],
    _at: Date,
    posture: PostureReader,
  ): Promise<Finding[]> {
    if (rules.length === 0) return [];
    const rows = await posture.query<HighRiskRow>(
      statement(posture),
      ruleColumns(rules, 'min_risk_score', 'min_count'),
    );
    return pairRows(rules, rows, finding);
  }
}

const COUNTS = `p.organization_id = r.organization_id AND ${inScope('p')} AND p.risk_score >= r.min_risk_score`;

/** `WITH TIES` reads the index from the top; the ATT&CK id then orders equal scores. */
function statement({ relations }: PostureReader): string {
  return `
    SELECT c.count, c.count >= r.min_count AS breached, e.top_ids, e.top_attack_ids, e.top_scores
    FROM unnest($1::uuid[], $2::float8[], $3::int[]) WITH ORDINALITY AS r (organization_id, min_risk_score, min_count, ord)
    CROSS JOIN LATERAL (SELECT count(*)::int AS count FROM ${relations.posture} p WHERE ${COUNTS}) c
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(x.technique_id ORDER BY x.place), '{}') AS top_ids,
        coalesce(array_agg(x.attack_id ORDER BY x.place), '{}') AS top_attack_ids,
        coalesce(array_agg(x.risk_score ORDER BY x.place), '{}') AS top_scores
      FROM (
        SELECT top.technique_id, t.attack_id, top.risk_score,
          row_number() OVER (ORDER BY top.risk_score DESC, t.attack_id COLLATE "C", t.id) AS place
        FROM (
          SELECT p.technique_id, p.risk_score FROM ${relations.posture} p WHERE c.count >= r.min_count AND ${COUNTS}
          ORDER BY p.risk_score DESC FETCH FIRST ${EVIDENCE_LIMIT} ROWS WITH TIES
        ) top
        JOIN ${relations.technique} t ON t.id = top.technique_id
      ) x
      WHERE x.place <= ${EVIDENCE_LIMIT}
    ) e
    ORDER BY r.ord`;
}

function finding({ min_risk_score, min_count }: HighRiskConfig, row: HighRiskRow): Finding {
  const { count, breached, ...evidence } = row;
  return {
    measured: count,
    threshold: min_count,
    breached,
    details: { count, threshold: min_risk_score, min_risk_score, min_count, ...evidence },
    alert: breached ? alertText(row, min_risk_score, min_count) : null,
  };
}

function alertText(
  { count, top_attack_ids, top_scores }: HighRiskRow,
  minRiskScore: number,
  minCount: number,
): Finding['alert'] {
  const what = `${counted(count, 'technique')} ${inNumber(count, 'has', 'have')} a risk score of ${minRiskScore} or more`;
  return {
    title: what,
    message:
      `${what}; the rule fires at ${minCount} or more. ` +
      `Highest risk: ${annotated(top_attack_ids, top_scores, String)}. Look at their detections first.`,
  };
}
