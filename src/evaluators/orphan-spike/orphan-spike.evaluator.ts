import { Injectable } from '@nestjs/common';
import { counted } from '../../common/wire.js';
import { inScope, type PostureReader } from '../../posture/index.js';
import type { CountedTechniques, Evaluator, Finding, RuleToMeasure, RuleTypeDefinition } from '../evaluator.js';
import { minimumCount, pairRows, ruleColumns, inNumber } from '../measuring.js';

type OrphanSpikeConfig = { min_orphan_count: number };

interface OrphanSpikeRow {
  orphan_count: number;
  total: number;
  breached: boolean;
  example_ids: string[];
  example_attack_ids: string[];
}

const EVIDENCE_LIMIT = 10;

/** Counts techniques without an owner. */
@Injectable()
export class OrphanSpikeEvaluator implements Evaluator<OrphanSpikeConfig> {
  readonly definition: RuleTypeDefinition = {
    type: 'orphan_spike',
    name: 'Techniques without an owner',
    description: 'Fires when too many techniques in scope have no owner.',
    configSchema: {
      type: 'object',
      additionalProperties: false,
      properties: {
        min_orphan_count: minimumCount(
          'The rule fires when at least this many techniques have no owner.',
          20,
          'Minimum count without an owner',
        ),
      },
    },
    affectedBy: ['posture', 'catalogue'],
  };

  readonly counted: CountedTechniques<OrphanSpikeConfig> = {
    settings: {},
    select: ({ posture }) =>
      `SELECT p.technique_id, 1 AS weight FROM ${posture} p WHERE ${OF_ORGANIZATION} AND p.owner_id IS NULL`,
  };

  async measure(
    rules: readonly RuleToMeasure<OrphanSpikeConfig>[],
    _at: Date,
    posture: PostureReader,
  ): Promise<Finding[]> {
    if (rules.length === 0) return [];
    const rows = await posture.query<OrphanSpikeRow>(statement(posture), ruleColumns(rules, 'min_orphan_count'));
    return pairRows(rules, rows, finding);
  }
}

const OF_ORGANIZATION = `p.organization_id = r.organization_id AND ${inScope('p')}`;

function statement({ relations }: PostureReader): string {
  return `
    SELECT c.orphan_count, s.total, c.orphan_count >= r.min_orphan_count AS breached, e.example_ids, e.example_attack_ids
    FROM unnest($1::uuid[], $2::int[]) WITH ORDINALITY AS r (organization_id, min_orphan_count, ord)
    CROSS JOIN LATERAL (SELECT count(*)::int AS total FROM ${relations.posture} p WHERE ${OF_ORGANIZATION}) s
    CROSS JOIN LATERAL (
      SELECT count(*)::int AS orphan_count FROM ${relations.posture} p WHERE ${OF_ORGANIZATION} AND p.owner_id IS NULL
    ) c
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(x.technique_id ORDER BY x.place), '{}') AS example_ids,
        coalesce(array_agg(x.attack_id ORDER BY x.place), '{}') AS example_attack_ids
      FROM (
        SELECT p.technique_id, t.attack_id,
          row_number() OVER (ORDER BY p.risk_score DESC NULLS LAST, t.attack_id COLLATE "C", t.id) AS place
        FROM ${relations.posture} p
        JOIN ${relations.technique} t ON t.id = p.technique_id
        WHERE c.orphan_count >= r.min_orphan_count AND ${OF_ORGANIZATION} AND p.owner_id IS NULL
      ) x
      WHERE x.place <= ${EVIDENCE_LIMIT}
    ) e
    ORDER BY r.ord`;
}

function finding({ min_orphan_count }: OrphanSpikeConfig, row: OrphanSpikeRow): Finding {
  const { orphan_count, total, breached, example_ids, example_attack_ids } = row;
  return {
    measured: orphan_count,
    threshold: min_orphan_count,
    breached,
    details: { orphan_count, total, threshold: min_orphan_count, example_ids, example_attack_ids },
    alert: breached ? alertText(row, min_orphan_count) : null,
  };
}

function alertText({ orphan_count, total, example_attack_ids }: OrphanSpikeRow, threshold: number): Finding['alert'] {
  const have = `${inNumber(orphan_count, 'has', 'have')} no owner`;
  return {
    title: `${counted(orphan_count, 'technique')} ${have}`,
    message:
      `${orphan_count} of ${counted(total, 'technique')} in scope ${have}; the rule fires at ${threshold} or more. ` +
      `Highest risk first: ${example_attack_ids.join(', ')}. Assign owners to these techniques first.`,
  };
}
