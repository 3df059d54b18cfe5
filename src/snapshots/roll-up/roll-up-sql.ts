import { COUNTED_STATUSES } from './roll-up.js';

const COUNTS: readonly string[] = COUNTED_STATUSES;

/**
 * SQL common table expressions that end with `rolled_up (organization_id, side, total, <a column for each status>,
 * coverage_pct, tactics)`: one row for each organisation and side with techniques in scope. See `ROLLUPS` for the
 * counting. `rollUp` in `roll-up.ts` states the same rule in memory; `test/integration/snapshot-rollup.test.ts` holds
 * the two equal.
 *
 * @param statuses name of a relation `organization_id, side, technique_id, status_global` of techniques in force; each
 * `side` is counted separately.
 * @param policy name of a relation `organization_id, rollup, scope`, with one row for each organisation.
 */
export function rolledUpSql(statuses: string, policy: string): string {
  // Each technique counts once for the total, under an empty tactic, and once for each of its tactics.
  return `
    cell AS MATERIALIZED (
      SELECT t.id AS technique_id, coalesce(t.parent_id, t.id) AS family_id, t.parent_id IS NULL AS is_own, t.domain AS of_domain, t.platforms, g.domain, g.tactic
      FROM technique t CROSS JOIN LATERAL (SELECT '' AS domain, '' AS tactic UNION ALL SELECT t.domain, name FROM unnest(t.tactics) AS name) g
      WHERE t.in_force
    ), family AS (
      SELECT s.organization_id, s.side, c.domain, c.tactic, p.rollup, count(*) AS n, count(*) FILTER (WHERE c.is_own) AS own_n,
        ${COUNTS.map((status) => `count(*) FILTER (WHERE s.status_global = '${status}') AS ${status}, count(*) FILTER (WHERE c.is_own AND s.status_global = '${status}') AS own_${status}`).join(',\n        ')}
      FROM ${statuses} s JOIN ${policy} p USING (organization_id) JOIN cell c USING (technique_id)
      WHERE s.status_global <> 'not_applicable' AND ${isInSnapshotScope('p.scope', 'c.of_domain', 'c.platforms')}
      GROUP BY s.organization_id, s.side, c.domain, c.tactic, p.rollup, CASE WHEN p.rollup <> 'flat' THEN c.family_id END
    ), counted AS (
      SELECT organization_id, side, domain, tactic, rollup,
        ${['n', ...COUNTS].map((name) => `CASE WHEN rollup IN ('leaf', 'parent_mean') AND n > own_n THEN ${name} - own_${name} ELSE ${name} END AS ${name}`).join(',\n        ')}
      FROM family
    ), unit AS (
      SELECT organization_id, side, domain, tactic, rollup, validated, partial, in_progress, not_covered, not_evaluated, n, NULL::numeric AS points
      FROM counted WHERE rollup IN ('flat', 'leaf')
      UNION ALL
      SELECT organization_id, side, domain, tactic, rollup, b.validated::int, b.partial::int, b.in_progress::int, b.not_covered::int, b.not_evaluated::int, 1,
        CASE WHEN rollup = 'parent_mean' THEN (100 * c.validated + 50 * c.partial)::numeric / n END
      FROM counted c CROSS JOIN LATERAL (
        SELECT CASE WHEN rollup = 'parent_mean' THEN c.validated = n ELSE c.validated > 0 END AS validated,
          CASE WHEN rollup = 'parent_mean' THEN c.validated < n AND c.validated + c.partial > 0 ELSE c.validated = 0 AND c.partial > 0 END AS partial,
          c.validated + c.partial = 0 AND c.in_progress > 0 AS in_progress,
          c.validated + c.partial + c.in_progress = 0 AND c.not_covered > 0 AS not_covered,
          c.not_evaluated = n AS not_evaluated
      ) b
      WHERE rollup IN ('parent_mean', 'parent_any')
    ), summed AS (
      SELECT organization_id, side, domain, tactic, sum(n)::int AS total, ${COUNTS.map((status) => `sum(${status})::int AS ${status}`).join(', ')},
        CASE WHEN rollup = 'parent_mean' THEN (sum(points) / sum(n))::float8 ELSE (100 * sum(validated) + 50 * sum(partial))::float8 / sum(n)::float8 END AS coverage_pct
      FROM unit GROUP BY organization_id, side, domain, tactic, rollup
    ), by_domain AS (
      SELECT organization_id, side, domain, jsonb_object_agg(tactic, jsonb_build_object('total', total,
        ${COUNTS.map((status) => `'${status}', ${status}`).join(', ')}, 'coverage_pct', coverage_pct)) AS tactics
      FROM summed WHERE tactic <> '' GROUP BY organization_id, side, domain
    ), rolled_up AS (
      SELECT s.organization_id, s.side, s.total, ${COUNTS.map((status) => `s.${status}`).join(', ')}, s.coverage_pct, coalesce(d.tactics, '{}') AS tactics
      FROM summed s LEFT JOIN (
        SELECT organization_id, side, jsonb_object_agg(domain, tactics) AS tactics FROM by_domain GROUP BY organization_id, side
      ) d USING (organization_id, side)
      WHERE s.tactic = ''
    )`;
}

/** SQL condition that a technique with this domain and these platforms is in the scope of a snapshot. */
export function isInSnapshotScope(scope: string, domain: string, platforms: string): string {
  return `(${scope} IS NULL OR (
        (NOT ${scope} ? 'domains' OR ${scope} -> 'domains' ? ${domain}) AND (NOT ${scope} ? 'platforms' OR ${scope} -> 'platforms' ?| ${platforms})))`;
}
