import { statusChange, type PostureRelations } from '../../posture/index.js';
import { isInSnapshotScope } from '../../snapshots/index.js';

const TACTICS_LIMIT = 5;
const TECHNIQUES_LIMIT = 20;

/**
 * A sub-select `tactics, techniques, techniques_count` of the coverage that was lost between the relation `since` (an
 * older snapshot: `taken_at`, `is_restated`, `tactics`) and the relation `current`, for the rule `r`. It names no
 * technique if either `taken_at` is null.
 */
export function evidenceSince(relations: PostureRelations): string {
  const [from, until] = ['since.taken_at', 'current.taken_at'];
  const statuses = relations.statusesBetween({
    organizationId: 'r.organization_id',
    from,
    until,
    isRestated: 'since.is_restated',
  });
  return `(
        WITH status AS MATERIALIZED (
          SELECT b.*, t.attack_id, t.name, t.domain, t.tactics AS of_tactics
          FROM ${statuses} b JOIN ${relations.technique} t ON t.id = b.technique_id
          WHERE ${from} IS NOT NULL AND ${until} IS NOT NULL AND ${isInSnapshotScope('current.scope', 't.domain', 't.platforms')}
        )
        SELECT tactics.list AS tactics, techniques.list AS techniques, techniques.count AS techniques_count
        FROM ${tacticsThatLost(relations.tactic)} tactics CROSS JOIN ${techniquesThatFell(from, until)} techniques
      )`;
}

/**
 * Compares the tactics that the snapshots keep. If the older snapshot has none on the newer release, counts them from
 * the statuses; that is possible only with the `flat` roll-up.
 */
function tacticsThatLost(tactic: string): string {
  return `(
          SELECT jsonb_agg(jsonb_build_object('domain', l.domain, 'tactic', l.tactic, 'name', coalesce(t.name, l.tactic), 'before_pct', l.before, 'after_pct', l.after)
            ORDER BY l.before - l.after DESC, l.domain, l.tactic) AS list
          FROM (
            SELECT * FROM (
              SELECT d.key AS domain, b.key AS tactic, (b.value ->> 'coverage_pct')::float8 AS before,
                (current.tactics #>> ARRAY[d.key, b.key, 'coverage_pct'])::float8 AS after
              FROM jsonb_each(since.tactics) d CROSS JOIN LATERAL jsonb_each(d.value) b
              UNION ALL
              SELECT s.domain, g.tactic, ${coverage('s.before')}, ${coverage('s.after')}
              FROM status s CROSS JOIN LATERAL unnest(s.of_tactics) AS g (tactic)
              WHERE since.tactics IS NULL AND current.rollup = 'flat' AND (s.tactics IS NULL OR g.tactic = ANY (s.tactics))
              GROUP BY s.domain, g.tactic
            ) each_tactic
            WHERE before > after ORDER BY before - after DESC, domain, tactic LIMIT ${TACTICS_LIMIT}
          ) l
          LEFT JOIN ${tactic} t ON t.domain = l.domain AND t.shortname = l.tactic
        )`;
}

/** Coverage by the formula of a `flat` snapshot. */
function coverage(status: string): string {
  const count = (counted: string): string => `count(*) FILTER (WHERE ${status} ${counted})`;
  return `(100 * ${count(`= 'validated'`)} + 50 * ${count(`= 'partial'`)})::float8 / nullif(${count(`<> 'not_applicable'`)}, 0)`;
}

/** A technique fell if it is worth less than before. A technique that became not applicable is worth 0. */
function techniquesThatFell(from: string, until: string): string {
  const change = statusChange({
    organizationId: 'f.organization_id',
    techniqueId: 'f.technique_id',
    from,
    until,
    status: 'f.after',
  });
  return `(
          SELECT coalesce(max(f.count), 0)::int AS count, jsonb_agg(jsonb_build_object('technique_id', f.technique_id, 'attack_id', f.attack_id, 'name', f.name, 'from', f.before, 'to', f.after,
            'tactics', f.of_tactics, 'change_source', c.change_source, 'changed_by', c.changed_by, 'changed_at', c.changed_at) ORDER BY f.place) AS list
          FROM (
            SELECT s.*, count(*) OVER () AS count, row_number() OVER (ORDER BY ${worth('before')} - ${worth('after')} DESC, attack_id COLLATE "C", technique_id) AS place
            FROM status s WHERE ${worth('after')} < ${worth('before')}
          ) f
          LEFT JOIN LATERAL ${change} c ON true
          WHERE f.place <= ${TECHNIQUES_LIMIT}
        )`;
}

/** Validated is 2 and partial is 1. Null if the technique was not counted. */
function worth(status: string): string {
  return `CASE WHEN ${status} = 'validated' THEN 2 WHEN ${status} = 'partial' THEN 1 WHEN ${status} IS NOT NULL THEN 0 END`;
}
