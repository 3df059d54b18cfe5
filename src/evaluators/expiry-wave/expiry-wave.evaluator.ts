import { Injectable } from '@nestjs/common';
import { counted } from '../../common/wire.js';
import { inScope, type PostureReader, type PostureRelations } from '../../posture/index.js';
import type { CountedTechniques, Evaluator, Finding, RuleToMeasure, RuleTypeDefinition } from '../evaluator.js';
import { annotated, dayOf, minimumCount, pairRows, ruleColumns, inNumber } from '../measuring.js';

type ExpiryWaveConfig = { min_pending_count: number };

interface ExpiryWaveRow {
  pending_count: number;
  breached: boolean;
  example_ids: string[];
  example_attack_ids: string[];
  queued_at: Date[];
}

const EVIDENCE_LIMIT = 10;

/** Counts unfinished items of the revalidation queue whose technique is in scope. */
@Injectable()
export class ExpiryWaveEvaluator implements Evaluator<ExpiryWaveConfig> {
  readonly definition: RuleTypeDefinition = {
    type: 'expiry_wave',
    name: 'Revalidation backlog',
    description: 'Fires when too many techniques in scope wait in the revalidation queue.',
    configSchema: {
      type: 'object',
      additionalProperties: false,
      properties: {
        min_pending_count: minimumCount(
          'The rule fires when at least this many queue items are pending or in progress.',
          15,
          'Minimum queue length',
        ),
      },
    },
    affectedBy: ['queue', 'posture', 'catalogue'],
  };

  readonly counted: CountedTechniques<ExpiryWaveConfig> = {
    settings: {},
    select: (relations) =>
      `SELECT q.technique_id, 1 AS weight FROM ${relations.revalidationItem} q WHERE ${countsIn(relations)}`,
  };

  async measure(
    rules: readonly RuleToMeasure<ExpiryWaveConfig>[],
    _at: Date,
    posture: PostureReader,
  ): Promise<Finding[]> {
    if (rules.length === 0) return [];
    const rows = await posture.query<ExpiryWaveRow>(statement(posture), ruleColumns(rules, 'min_pending_count'));
    return pairRows(rules, rows, finding);
  }
}

/**
 * A sub-select of one posture row for each item. With a join, the planner usually reads the organisation's whole
 * posture for a few items.
 */
function countsIn({ posture }: PostureRelations): string {
  return `q.organization_id = r.organization_id AND q.status IN ('pending', 'in_progress')
          AND (SELECT ${inScope('p')} FROM ${posture} p WHERE p.organization_id = q.organization_id AND p.technique_id = q.technique_id)`;
}

function statement({ relations }: PostureReader): string {
  const counts = countsIn(relations);
  return `
    SELECT c.pending_count, c.pending_count >= r.min_pending_count AS breached, e.example_ids, e.example_attack_ids, e.queued_at
    FROM unnest($1::uuid[], $2::int[]) WITH ORDINALITY AS r (organization_id, min_pending_count, ord)
    CROSS JOIN LATERAL (SELECT count(*)::int AS pending_count FROM ${relations.revalidationItem} q WHERE ${counts}) c
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(x.technique_id ORDER BY x.place), '{}') AS example_ids,
        coalesce(array_agg(x.attack_id ORDER BY x.place), '{}') AS example_attack_ids,
        coalesce(array_agg(x.created_at ORDER BY x.place), '{}') AS queued_at
      FROM (
        SELECT q.technique_id, t.attack_id, q.created_at,
          row_number() OVER (ORDER BY q.created_at, t.attack_id COLLATE "C", q.id) AS place
        FROM ${relations.revalidationItem} q
        JOIN ${relations.technique} t ON t.id = q.technique_id
        WHERE c.pending_count >= r.min_pending_count AND ${counts}
      ) x
      WHERE x.place <= ${EVIDENCE_LIMIT}
    ) e
    ORDER BY r.ord`;
}

function finding({ min_pending_count }: ExpiryWaveConfig, row: ExpiryWaveRow): Finding {
  const { pending_count, breached, example_ids, example_attack_ids } = row;
  return {
    measured: pending_count,
    threshold: min_pending_count,
    breached,
    details: { pending_count, threshold: min_pending_count, example_ids, example_attack_ids },
    alert: breached ? alertText(row, min_pending_count) : null,
  };
}

function alertText(
  { pending_count, example_attack_ids, queued_at }: ExpiryWaveRow,
  threshold: number,
): Finding['alert'] {
  const what = `${counted(pending_count, 'technique')} ${inNumber(pending_count, 'waits', 'wait')} for revalidation`;
  return {
    title: what,
    message:
      `${what}, pending or in progress; the rule fires at ${threshold} or more. ` +
      `Longest in the queue: ${annotated(example_attack_ids, queued_at, (date) => `since ${dayOf(date)}`)}.`,
  };
}
