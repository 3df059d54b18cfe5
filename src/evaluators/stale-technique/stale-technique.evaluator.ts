import { Injectable } from '@nestjs/common';
import { counted, toIso } from '../../common/wire.js';
import { inScope, type PostureReader } from '../../posture/index.js';
import type { CountedTechniques, Evaluator, Finding, RuleToMeasure, RuleTypeDefinition } from '../evaluator.js';
import { annotated, dayOf, daysBefore, minimumCount, pairRows, ruleColumns, inNumber } from '../measuring.js';

type StaleTechniqueConfig = { days_stale: number; min_count: number };

interface StaleTechniqueRow {
  count: number;
  breached: boolean;
  example_ids: string[];
  example_attack_ids: string[];
  review_dates: Date[];
}

const EVIDENCE_LIMIT = 10;

/** Counts validated techniques whose last review is too long ago. A technique without a review date does not count. */
@Injectable()
export class StaleTechniqueEvaluator implements Evaluator<StaleTechniqueConfig> {
  readonly definition: RuleTypeDefinition = {
    type: 'stale_technique',
    name: 'Stale techniques',
    description: 'Fires when enough validated techniques have not been reviewed for a while.',
    configSchema: {
      type: 'object',
      additionalProperties: false,
      properties: {
        days_stale: {
          type: 'integer',
          title: 'Days until stale',
          description: 'A validated technique counts if its last review is more than this many days of 24 hours ago.',
          minimum: 1,
          maximum: 3650,
          default: 30,
        },
        min_count: minimumCount('The rule fires when at least this many techniques count.', 1),
      },
    },
    affectedBy: ['posture', 'catalogue'],
  };

  readonly counted: CountedTechniques<StaleTechniqueConfig> = {
    settings: { days_stale: 'integer' },
    select: ({ posture }, at) => `SELECT p.technique_id, 1 AS weight FROM ${posture} p WHERE ${countsAt(at)}`,
  };

  async measure(
    rules: readonly RuleToMeasure<StaleTechniqueConfig>[],
    at: Date,
    posture: PostureReader,
  ): Promise<Finding[]> {
    if (rules.length === 0) return [];
    const parameters = [...ruleColumns(rules, 'days_stale', 'min_count'), at];
    return pairRows(rules, await posture.query<StaleTechniqueRow>(statement(posture), parameters), finding);
  }
}

function countsAt(instant: string): string {
  return `p.organization_id = r.organization_id AND ${inScope('p')} AND p.status_global = 'validated'
    AND p.last_review_date < ${daysBefore(instant, 'r.days_stale')}`;
}

/** `WITH TIES` reads the index from its oldest end; the ATT&CK id then orders equal dates. */
function statement({ relations }: PostureReader): string {
  const counts = countsAt('$4');
  return `
    SELECT c.count, c.count >= r.min_count AS breached, e.example_ids, e.example_attack_ids, e.review_dates
    FROM unnest($1::uuid[], $2::int[], $3::int[]) WITH ORDINALITY AS r (organization_id, days_stale, min_count, ord)
    CROSS JOIN LATERAL (SELECT count(*)::int AS count FROM ${relations.posture} p WHERE ${counts}) c
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(x.technique_id ORDER BY x.place), '{}') AS example_ids,
        coalesce(array_agg(x.attack_id ORDER BY x.place), '{}') AS example_attack_ids,
        coalesce(array_agg(x.last_review_date ORDER BY x.place), '{}') AS review_dates
      FROM (
        SELECT oldest.technique_id, t.attack_id, oldest.last_review_date,
          row_number() OVER (ORDER BY oldest.last_review_date, t.attack_id COLLATE "C", t.id) AS place
        FROM (
          SELECT p.technique_id, p.last_review_date FROM ${relations.posture} p WHERE c.count >= r.min_count AND ${counts}
          ORDER BY p.last_review_date FETCH FIRST ${EVIDENCE_LIMIT} ROWS WITH TIES
        ) oldest
        JOIN ${relations.technique} t ON t.id = oldest.technique_id
      ) x
      WHERE x.place <= ${EVIDENCE_LIMIT}
    ) e
    ORDER BY r.ord`;
}

function finding({ days_stale, min_count }: StaleTechniqueConfig, row: StaleTechniqueRow): Finding {
  const { count, breached, example_ids, example_attack_ids, review_dates } = row;
  return {
    measured: count,
    threshold: min_count,
    breached,
    details: {
      count,
      days_stale,
      min_count,
      example_ids,
      example_attack_ids,
      example_last_review_dates: review_dates.map((date) => toIso(date)),
    },
    alert: breached ? alertText(row, days_stale, min_count) : null,
  };
}

function alertText(
  { count, example_attack_ids, review_dates }: StaleTechniqueRow,
  daysStale: number,
  minCount: number,
): Finding['alert'] {
  const techniques = `${counted(count, 'validated technique')} ${inNumber(count, 'was', 'were')} last reviewed`;
  const what = `${techniques} more than ${counted(daysStale, 'day')} ago`;
  return {
    title: what,
    message:
      `${what}; the rule fires at ${minCount} or more. ` +
      `Longest without a review: ${annotated(example_attack_ids, review_dates, dayOf)}. Validate these techniques again first.`,
  };
}
