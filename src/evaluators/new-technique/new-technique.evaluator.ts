import { Injectable } from '@nestjs/common';
import { TECHNIQUE_CHANGES, type TechniqueChange } from '../../catalogue/index.js';
import { counted } from '../../common/wire.js';
import { inScope, type PostureReader, type PostureRelations } from '../../posture/index.js';
import type { CountedTechniques, Evaluator, Finding, RuleToMeasure, RuleTypeDefinition } from '../evaluator.js';
import { daysBefore, minimumCount, pairRows, ruleColumns, inNumber } from '../measuring.js';

type NewTechniqueConfig = {
  lookback_days: number;
  min_count: number;
  kinds?: readonly TechniqueChange[];
  once_per_release?: boolean;
};

interface NewTechniqueRow {
  count: number;
  breached: boolean;
  technique_ids: string[];
  mitre_ids: string[];
  /**
   * The newest release of each domain that changed a counted technique. Null if unknown, or if the rule does not fire
   * once a release.
   */
  release: string | null;
}

const EVIDENCE_LIMIT = 20;

/** Counts techniques that MITRE recently published or changed. */
@Injectable()
export class NewTechniqueEvaluator implements Evaluator<NewTechniqueConfig> {
  readonly definition: RuleTypeDefinition = {
    type: 'new_technique',
    name: 'New techniques',
    description: 'Fires when MITRE recently published or changed enough techniques in scope.',
    configSchema: {
      type: 'object',
      additionalProperties: false,
      properties: {
        lookback_days: {
          type: 'integer',
          title: 'Days to look back',
          description: 'A technique counts if MITRE last modified it within this many days of 24 hours.',
          minimum: 1,
          maximum: 3650,
          default: 7,
        },
        min_count: minimumCount('The rule fires when at least this many techniques count.', 1),
        kinds: {
          type: 'array',
          title: 'Kinds of change',
          description:
            'A technique counts if its latest change is of one of these kinds: added, a major or minor version, or metadata without a new version. ' +
            'Left out: all kinds. A technique without a known kind, unchanged since the first release that was loaded, always counts.',
          items: { type: 'string', enum: TECHNIQUE_CHANGES },
          minItems: 1,
          uniqueItems: true,
          optional: true,
        },
        once_per_release: {
          type: 'boolean',
          title: 'Once a release',
          description:
            'The rule fires only once for each ATT&CK release, even while its techniques still count as new. Left out: it fires again after each cooldown.',
          optional: true,
        },
      },
    },
    affectedBy: ['catalogue', 'posture'],
  };

  readonly counted: CountedTechniques<NewTechniqueConfig> = {
    settings: { lookback_days: 'integer', kinds: 'text' },
    select: (relations, at) =>
      `SELECT p.technique_id, 1 AS weight FROM ${relations.posture} p WHERE ${countsAt(relations, at, true)}`,
  };

  async measure(
    rules: readonly RuleToMeasure<NewTechniqueConfig>[],
    at: Date,
    posture: PostureReader,
  ): Promise<Finding[]> {
    if (rules.length === 0) return [];
    const parameters = [
      ...ruleColumns(rules, 'lookback_days', 'min_count'),
      at,
      rules.map(({ config }) => config.kinds?.join() ?? null),
      rules.map(({ config }) => config.once_per_release ?? false),
    ];
    // If no rule limits the kinds, the counts are index-only scans.
    const sql = statement(
      posture,
      rules.some(({ config }) => config.kinds !== undefined),
    );
    return pairRows(rules, await posture.query<NewTechniqueRow>(sql, parameters), finding);
  }
}

/** SQL condition: the posture row `p` counts for the rule `r`. `r.kinds` is a text with commas, or null. */
function countsAt({ technique }: PostureRelations, instant: string, byKind: boolean): string {
  const ofKind = `(r.kinds IS NULL OR EXISTS (
      SELECT FROM ${technique} k WHERE k.id = p.technique_id AND (k.last_change_kind IS NULL OR k.last_change_kind = ANY (string_to_array(r.kinds, ',')))))`;
  return `p.organization_id = r.organization_id AND ${inScope('p')}
    AND p.mitre_last_modified >= ${daysBefore(instant, 'r.lookback_days')} ${byKind ? `AND ${ofKind}` : ''}`;
}

/** `WITH TIES` reads the index from its newest end; the ATT&CK id then orders techniques of the same date. */
function statement({ relations }: PostureReader, byKind: boolean): string {
  const counts = countsAt(relations, '$4', byKind);
  return `
    SELECT c.count, c.count >= r.min_count AS breached, e.technique_ids, e.mitre_ids, o.release
    FROM unnest($1::uuid[], $2::int[], $3::int[], $5::text[], $6::boolean[])
      WITH ORDINALITY AS r (organization_id, lookback_days, min_count, kinds, once_per_release, ord)
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
    LEFT JOIN LATERAL (
      SELECT string_agg(domain || ' ' || last_change_release, ', ' ORDER BY domain) AS release
      FROM (
        SELECT DISTINCT ON (t.domain) t.domain, t.last_change_release
        FROM ${relations.posture} p JOIN ${relations.technique} t ON t.id = p.technique_id
        WHERE r.once_per_release AND c.count >= r.min_count AND t.last_change_release IS NOT NULL AND ${counts}
        ORDER BY t.domain, string_to_array(t.last_change_release, '.')::int[] DESC
      ) newest
    ) o ON true
    ORDER BY r.ord`;
}

function finding({ lookback_days, min_count, kinds }: NewTechniqueConfig, row: NewTechniqueRow): Finding {
  const { count, breached, technique_ids, mitre_ids } = row;
  return {
    measured: count,
    threshold: min_count,
    breached,
    details: {
      count,
      lookback_days,
      min_count,
      technique_ids,
      mitre_ids,
      ...(kinds ? { kinds } : {}),
      ...(row.release === null ? {} : { release: row.release }),
    },
    occasion: row.release,
    alert: breached ? alertText(row, lookback_days, min_count) : null,
  };
}

function alertText({ count, mitre_ids }: NewTechniqueRow, lookbackDays: number, minCount: number): Finding['alert'] {
  const techniques = `${counted(count, 'technique')} ${inNumber(count, 'was', 'were')} published or changed by MITRE`;
  const what = `${techniques} in the last ${counted(lookbackDays, 'day')}`;
  const which = count > mitre_ids.length ? `The newest ${mitre_ids.length} are` : inNumber(count, 'It is', 'They are');
  return {
    title: what,
    message:
      `${what}; the rule fires at ${minCount} or more. ` +
      `${which} ${mitre_ids.join(', ')}. Check whether your detections cover these changes.`,
  };
}
