import type { CountedTechniques, RuleConfig } from '../../evaluators/index.js';
import {
  LIVE_RELATIONS,
  relationsAsOf,
  scopedRelations,
  type PostureRelations,
  type ScopedRule,
} from '../../posture/index.js';

const MAX_TECHNIQUES = 50;

/**
 * Builds SQL that finds the techniques that rules count more (`entered`) or less than at their previous measurement.
 * It returns a row for each rule (`ord`, from 1) and direction that has such techniques.
 * Parameters: `$1` now; then one array for each value, in the order of the rules: the organisation that the counting
 * statement reads, the previous measurement, the organisation that owns the rule, and each setting.
 * @param limited the rules that have a scope.
 */
export function explanationOf(
  counted: CountedTechniques<RuleConfig>,
  includesQueue: boolean,
  limited: readonly ScopedRule[],
): string {
  const settings = Object.entries(counted.settings);
  const arrays = [
    '$2::uuid[]',
    '$3::timestamptz[]',
    '$4::uuid[]',
    ...settings.map(([, type], index) => `$${index + 5}::${type}[]`),
  ];
  const columns = ['organization_id', 'since', 'owner_organization_id', ...settings.map(([name]) => name), 'ord'];
  const scoped = (relations: PostureRelations): PostureRelations =>
    limited.length > 0 ? scopedRelations(relations, limited) : relations;
  const live = counted.select(scoped(LIVE_RELATIONS), 'r.at');
  const before = counted.select(scoped(relationsAsOf('r.since')), 'r.since');
  return `
    WITH rule AS (
      SELECT r.*, $1::timestamptz AS at FROM unnest(${arrays.join(', ')}) WITH ORDINALITY AS r (${columns.join(', ')})
    ), moved AS (
      SELECT ord, technique_id, coalesce(now.weight, 0) > coalesce(before.weight, 0) AS entered
      FROM (SELECT r.ord, c.* FROM rule r CROSS JOIN LATERAL (${live}) c) now
      FULL JOIN (SELECT r.ord, c.* FROM rule r CROSS JOIN LATERAL (${before}) c) before USING (ord, technique_id)
      WHERE now.weight IS DISTINCT FROM before.weight
    ), ranked AS (
      SELECT m.*, t.attack_id, t.name, t.tactics,
        row_number() OVER (PARTITION BY m.ord, m.entered ORDER BY t.tactics[1] COLLATE "C", t.attack_id COLLATE "C", t.id) AS place
      FROM moved m JOIN technique t ON t.id = m.technique_id
    ), tactics AS (
      SELECT ord, entered, jsonb_object_agg(tactic, count ORDER BY tactic) AS by_tactic
      FROM (SELECT ord, entered, tactic, count(*) AS count FROM ranked CROSS JOIN unnest(tactics) tactic GROUP BY ord, entered, tactic) counts
      GROUP BY ord, entered
    )
    SELECT m.ord::integer AS ord, m.entered, count(*)::integer AS count,
      coalesce((SELECT by_tactic FROM tactics WHERE tactics.ord = m.ord AND tactics.entered = m.entered), '{}') AS by_tactic,
      jsonb_agg(jsonb_build_object('technique_id', m.technique_id, 'attack_id', m.attack_id, 'name', m.name, 'tactics', m.tactics,
        'changed_at', ${isoOf('change.changed_at')}, 'change_source', change.change_source, 'change_id', change.change_id,
        'changed_by', change.changed_by, 'changed_by_name', ${nameOf('change.changed_by')}) ORDER BY m.place)
        FILTER (WHERE m.place <= ${MAX_TECHNIQUES}) AS techniques
    FROM ranked m
    JOIN rule r ON r.ord = m.ord
    LEFT JOIN LATERAL (${lastChange(includesQueue)}) change ON m.place <= ${MAX_TECHNIQUES}
    GROUP BY m.ord, m.entered`;
}

/** Selects the last change since the previous measurement. It is in the current rows, so the history is not needed. */
function lastChange(includesQueue: boolean): string {
  const posture = `
    SELECT p.valid_from AS changed_at, p.change_source, p.change_id,
      CASE WHEN p.change_source NOT IN ('catalogue', 'database') THEN p.updated_by END AS changed_by
    FROM posture p WHERE p.organization_id = r.owner_organization_id AND p.technique_id = m.technique_id AND p.valid_from > r.since`;
  const queue = `
    SELECT q.valid_from, 'queue', q.id, q.updated_by
    FROM revalidation_item q WHERE q.organization_id = r.owner_organization_id AND q.technique_id = m.technique_id AND q.valid_from > r.since`;
  return `SELECT * FROM (${includesQueue ? `${posture} UNION ALL ${queue}` : posture}) changes ORDER BY changed_at DESC LIMIT 1`;
}

/** Formats an instant like `Date.toISOString`. */
function isoOf(instant: string): string {
  return `to_char(${instant} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

function nameOf(actor: string): string {
  return `coalesce((SELECT display_name FROM user_account WHERE id = ${actor}),
          (SELECT name FROM api_key WHERE organization_id = r.owner_organization_id AND id = ${actor}))`;
}
