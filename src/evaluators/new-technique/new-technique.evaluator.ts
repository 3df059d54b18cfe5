import { Injectable } from '@nestjs/common';
import { counted } from '../../common/wire.js';
import { inScope, type PostureReader } from '../../posture/index.js';
import type { CountedTechniques, Evaluator, Finding, RuleToMeasure, RuleTypeDefinition } from '../evaluator.js';
import { daysBefore, minimumCount, pairRows, ruleColumns, inNumber } from '../measuring.js';

type NewTechniqueConfig = { lookback_days: number; min_count: number };

interface NewTechniqueRow {
  count: number;
  breached: boolean;
  technique_ids: string[];
  mitre_ids: string[];
}

const EVIDENCE_LIMIT = 20;

/** Counts techniques that MITRE published or changed of late. */
@Injectable()
export class NewTechniqueEvaluator implements Evaluator<NewTechniqueConfig> {
  readonly definition: RuleTypeDefinition = {
    type: 'new_technique',
    name: 'New techniques',
    description: 'Fires when MITRE has published or changed enough techniques in scope of late.',
    configSchema: {
      type: 'object',
      additionalProperties: false,
      properties: {
        lookback_days: {
          type: 'integer',
          title: 'Days to look back',
          description: 'A technique counts when MITRE last modified it within this number of days of 24 hours.',
          minimum: 1,
          maximum: 3650,
          default: 7,
        },
        min_count: minimumCount('The rule fires from this number of techniques up.', 1),
      },
    },
    affectedBy: ['catalogue', 'posture'],
  };

  readonly counted: CountedTechniques<NewTechniqueConfig> = {
    settings: { lookback_days: 'integer' },
    select: ({ posture }, at) => `SELECT p.technique_id, 1 AS weight FROM ${posture} p WHERE ${countsAt(at)}`,
  };

  async measure(
    rules: readonly RuleToMeasure<NewTechniqueConfig>[],
    at: Date,
    posture: PostureReader,
  ): Promise<Finding[]> {
    if (rules.length === 0) return [];
    const parameters = [...ruleColumns(rules, 'lookback_days', 'min_count'), at];
    return pairRows(rules, await posture.query<NewTechniqueRow>(statement(posture), parameters), finding);
  }
}

function countsAt(instant: string): string {
  return `p.organization_id = r.organization_id AND ${inScope('p')}
    AND p.mitre_last_modified >= ${daysBefore(instant, 'r.lookback_days')}`;
}

/** `WITH TIES` reads the index from its newest end and still leaves the order within one release of ATT&CK to the ATT&CK id. */
function statement({ relations }: PostureReader): string {
  const counts = countsAt('$4');
  return `
    SELECT c.count, c.count >= r.min_count AS breached, e.technique_ids, e.mitre_ids
    FROM unnest($1::uuid[], $2::int[], $3::int[]) WITH ORDINALITY AS r (organization_id, lookback_days, min_count, ord)
    CROSS JOIN LATERAL (SELECT count(*)::int AS count FROM ${relations.posture} p WHERE ${counts}) c
    CROSS JOIN LATERAL (
      SELECT coalesce(array_agg(x.technique_id ORDER BY x.place), '{}') AS technique_ids,
        coalesce(array_agg(x.attack_id ORDER BY x.place), '{}') AS mitre_ids
      FROM (
        SELECT newest.technique_id, t.attack_id,
          row_number() OVER (ORDER BY newest.mitre_last_modified DESC, t.attack_id COLLATE "C", t.id) AS place
        FROM (
          SELECT p.technique_id, p.mitre_last_modified FROM ${relations.posture} p WHERE c.count >= r.min_count AND ${counts}
          ORDER BY p.mitre_last_modified DESC FETCH FIRST ${EVIDENCE_LIMIT} ROWS WITH TIES
        ) newest
        JOIN ${relations.technique} t ON t.id = newest.technique_id
      ) x
      WHERE x.place <= ${EVIDENCE_LIMIT}
    ) e
    ORDER BY r.ord`;
}

function finding({ lookback_days, min_count }: NewTechniqueConfig, row: NewTechniqueRow): Finding {
  const { count, breached, technique_ids, mitre_ids } = row;
  return {
    measured: count,
    threshold: min_count,
    breached,
    details: { count, lookback_days, min_count, technique_ids, mitre_ids },
    alert: breached ? words(row, lookback_days, min_count) : null,
  };
}

function words({ count, mitre_ids }: NewTechniqueRow, lookbackDays: number, minCount: number): Finding['alert'] {
  const techniques = `${counted(count, 'technique')} ${inNumber(count, 'was', 'were')} published or changed by MITRE`;
  const what = `${techniques} in the last ${counted(lookbackDays, 'day')}`;
  const which = count > mitre_ids.length ? `The newest ${mitre_ids.length} are` : inNumber(count, 'It is', 'They are');
  return {
    title: what,
    message:
      `${what}; the rule fires at ${minCount} or more. ` +
      `${which} ${mitre_ids.join(', ')}. Check whether your detections cover what is new.`,
  };
}
