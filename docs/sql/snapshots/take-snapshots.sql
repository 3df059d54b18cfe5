-- Takes the snapshot of a day for all organisations with a technique in scope.
-- It runs once a day, on one replica. When a user takes a snapshot, it is limited to one
-- organisation.
-- Sent by SnapshotsService.takeForAll.
--
-- $1 date: the day
-- $2 text: where the snapshot comes from
-- $3 timestamp with time zone: the instant
WITH
  loaded AS (
    SELECT coalesce(jsonb_object_agg(domain, attack_version), '{}') AS attack_versions
    FROM
      (
        SELECT DISTINCT
          ON (domain) domain,
          attack_version
        FROM catalogue_import
        WHERE undone_at IS NULL
        ORDER BY
          domain,
          created_at DESC,
          id DESC
      ) newest
  ),
  policy AS MATERIALIZED (
    SELECT
      o.id AS organization_id,
      coalesce(p.rollup, 'flat') AS rollup,
      p.scope
    FROM
      organization o
      LEFT JOIN snapshot_policy p ON p.organization_id = o.id
  ),
  moved AS MATERIALIZED (
    SELECT
      p.organization_id,
      s.snapshot_date,
      s.taken_at
    FROM
      policy p
      CROSS JOIN loaded
      CROSS JOIN LATERAL (
        SELECT
          s.snapshot_date,
          s.taken_at,
          s.attack_versions
        FROM posture_snapshot s
        WHERE
          s.organization_id = p.organization_id
          AND s.snapshot_date < $1::date
          AND s.rollup = p.rollup
          AND s.formula_version = 1
          AND s.scope IS NOT DISTINCT FROM p.scope
        ORDER BY s.snapshot_date DESC
        LIMIT 1
      ) s
    WHERE
      s.taken_at IS NOT NULL
      AND (
        s.attack_versions IS DISTINCT FROM loaded.attack_versions
        OR EXISTS (
          SELECT
          FROM catalogue_import i
          WHERE
            i.created_at > s.taken_at
            OR i.undone_at > s.taken_at
        )
      )
  ),
  statuses AS (
    SELECT
      p.organization_id,
      'current' AS side,
      p.technique_id,
      p.status_global
    FROM
      posture p
      JOIN policy USING (organization_id)
    WHERE p.in_force
    UNION ALL
    SELECT
      m.organization_id,
      'baseline',
      b.technique_id,
      b.status_global
    FROM
      moved m
      CROSS JOIN LATERAL (
        WITH RECURSIVE
          origin AS (
            SELECT
              k.technique_id,
              k.from_technique_id AS origin_id,
              k.carried_at
            FROM posture_carry_over k
            WHERE
              k.organization_id = m.organization_id
              AND k.carried_at > m.taken_at
              AND k.carried_at <= $3::timestamptz
              AND (
                k.put_back_at IS NULL
                OR k.put_back_at > $3::timestamptz
              )
            UNION ALL
            SELECT
              o.technique_id,
              k.from_technique_id,
              k.carried_at
            FROM
              origin o
              JOIN posture_carry_over k ON k.technique_id = o.origin_id
              AND k.carried_at < o.carried_at
            WHERE
              k.organization_id = m.organization_id
              AND k.carried_at > m.taken_at
              AND k.carried_at <= $3::timestamptz
              AND (
                k.put_back_at IS NULL
                OR k.put_back_at > $3::timestamptz
              )
          ),
          first_origin AS (
            SELECT DISTINCT
              ON (technique_id) technique_id,
              origin_id
            FROM origin
            ORDER BY
              technique_id,
              carried_at
          )
        SELECT
          c.technique_id,
          CASE
            WHEN taken_away.technique_id IS NOT NULL THEN 'not_evaluated'
            ELSE coalesce(v.status_global, first.status_global, 'not_evaluated')
          END AS status_global
        FROM
          posture c
          LEFT JOIN first_origin f ON f.technique_id = c.technique_id
          LEFT JOIN posture q ON q.organization_id = c.organization_id
          AND q.technique_id = coalesce(f.origin_id, c.technique_id)
          LEFT JOIN LATERAL (
            SELECT q.status_global
            WHERE q.valid_from <= m.taken_at
            UNION ALL
            (
              SELECT h.status_global
              FROM posture_history h
              WHERE
                h.organization_id = q.organization_id
                AND h.technique_id = q.technique_id
                AND h.valid_from <= m.taken_at
                AND q.valid_from > m.taken_at
              ORDER BY
                h.valid_from DESC,
                h.version DESC
              LIMIT 1
            )
          ) v ON true
          LEFT JOIN LATERAL (
            SELECT e.status_global
            FROM
              (
                SELECT e.*
                FROM
                  (
                    SELECT
                      q.status_global,
                      q.valid_from,
                      q.version,
                      q.change_source
                    WHERE v.status_global IS NULL
                    UNION ALL
                    SELECT
                      h.status_global,
                      h.valid_from,
                      h.version,
                      h.change_source
                    FROM posture_history h
                    WHERE
                      v.status_global IS NULL
                      AND h.organization_id = q.organization_id
                      AND h.technique_id = q.technique_id
                  ) e
                ORDER BY
                  e.valid_from,
                  e.version
                LIMIT 1
              ) e
            WHERE
              NOT (
                e.version = 1
                AND e.change_source = 'catalogue'
              )
          ) first ON true
          LEFT JOIN (
            SELECT DISTINCT k.technique_id
            FROM posture_carry_over k
            WHERE
              k.organization_id = m.organization_id
              AND k.carried_at <= m.taken_at
              AND k.put_back_at > m.taken_at
              AND k.put_back_at <= $3::timestamptz
          ) taken_away ON taken_away.technique_id = c.technique_id
        WHERE
          c.organization_id = m.organization_id
          AND c.in_force
      ) b
  ),
  cell AS MATERIALIZED (
    SELECT
      t.id AS technique_id,
      coalesce(t.parent_id, t.id) AS family_id,
      t.parent_id IS NULL AS is_own,
      t.domain AS of_domain,
      t.platforms,
      g.domain,
      g.tactic
    FROM
      technique t
      CROSS JOIN LATERAL (
        SELECT
          '' AS domain,
          '' AS tactic
        UNION ALL
        SELECT
          t.domain,
          name
        FROM unnest(t.tactics) AS name
      ) g
    WHERE t.in_force
  ),
  family AS (
    SELECT
      s.organization_id,
      s.side,
      c.domain,
      c.tactic,
      p.rollup,
      count(*) AS n,
      count(*) FILTER (
        WHERE c.is_own
      ) AS own_n,
      count(*) FILTER (
        WHERE s.status_global = 'validated'
      ) AS validated,
      count(*) FILTER (
        WHERE
          c.is_own
          AND s.status_global = 'validated'
      ) AS own_validated,
      count(*) FILTER (
        WHERE s.status_global = 'partial'
      ) AS partial,
      count(*) FILTER (
        WHERE
          c.is_own
          AND s.status_global = 'partial'
      ) AS own_partial,
      count(*) FILTER (
        WHERE s.status_global = 'in_progress'
      ) AS in_progress,
      count(*) FILTER (
        WHERE
          c.is_own
          AND s.status_global = 'in_progress'
      ) AS own_in_progress,
      count(*) FILTER (
        WHERE s.status_global = 'not_covered'
      ) AS not_covered,
      count(*) FILTER (
        WHERE
          c.is_own
          AND s.status_global = 'not_covered'
      ) AS own_not_covered,
      count(*) FILTER (
        WHERE s.status_global = 'not_evaluated'
      ) AS not_evaluated,
      count(*) FILTER (
        WHERE
          c.is_own
          AND s.status_global = 'not_evaluated'
      ) AS own_not_evaluated
    FROM
      statuses s
      JOIN policy p USING (organization_id)
      JOIN cell c USING (technique_id)
    WHERE
      s.status_global <> 'not_applicable'
      AND (
        p.scope IS NULL
        OR (
          (
            NOT p.scope ? 'domains'
            OR p.scope -> 'domains' ? c.of_domain
          )
          AND (
            NOT p.scope ? 'platforms'
            OR p.scope -> 'platforms' ?| c.platforms
          )
        )
      )
    GROUP BY
      s.organization_id,
      s.side,
      c.domain,
      c.tactic,
      p.rollup,
      CASE WHEN p.rollup <> 'flat' THEN c.family_id
      END
  ),
  counted AS (
    SELECT
      organization_id,
      side,
      domain,
      tactic,
      rollup,
      CASE
        WHEN rollup IN ('leaf', 'parent_mean')
        AND n > own_n THEN n - own_n
        ELSE n
      END AS n,
      CASE
        WHEN rollup IN ('leaf', 'parent_mean')
        AND n > own_n THEN validated - own_validated
        ELSE validated
      END AS validated,
      CASE
        WHEN rollup IN ('leaf', 'parent_mean')
        AND n > own_n THEN partial - own_partial
        ELSE partial
      END AS partial,
      CASE
        WHEN rollup IN ('leaf', 'parent_mean')
        AND n > own_n THEN in_progress - own_in_progress
        ELSE in_progress
      END AS in_progress,
      CASE
        WHEN rollup IN ('leaf', 'parent_mean')
        AND n > own_n THEN not_covered - own_not_covered
        ELSE not_covered
      END AS not_covered,
      CASE
        WHEN rollup IN ('leaf', 'parent_mean')
        AND n > own_n THEN not_evaluated - own_not_evaluated
        ELSE not_evaluated
      END AS not_evaluated
    FROM family
  ),
  unit AS (
    SELECT
      organization_id,
      side,
      domain,
      tactic,
      rollup,
      validated,
      partial,
      in_progress,
      not_covered,
      not_evaluated,
      n,
      NULL::numeric AS points
    FROM counted
    WHERE rollup IN ('flat', 'leaf')
    UNION ALL
    SELECT
      organization_id,
      side,
      domain,
      tactic,
      rollup,
      b.validated::int,
      b.partial::int,
      b.in_progress::int,
      b.not_covered::int,
      b.not_evaluated::int,
      1,
      CASE WHEN rollup = 'parent_mean' THEN (100 * c.validated + 50 * c.partial)::numeric / n
      END
    FROM
      counted c
      CROSS JOIN LATERAL (
        SELECT
          CASE
            WHEN rollup = 'parent_mean' THEN c.validated = n
            ELSE c.validated > 0
          END AS validated,
          CASE
            WHEN rollup = 'parent_mean' THEN c.validated < n
            AND c.validated + c.partial > 0
            ELSE c.validated = 0
            AND c.partial > 0
          END AS partial,
          c.validated + c.partial = 0
          AND c.in_progress > 0 AS in_progress,
          c.validated + c.partial + c.in_progress = 0
          AND c.not_covered > 0 AS not_covered,
          c.not_evaluated = n AS not_evaluated
      ) b
    WHERE rollup IN ('parent_mean', 'parent_any')
  ),
  summed AS (
    SELECT
      organization_id,
      side,
      domain,
      tactic,
      sum(n)::int AS total,
      sum(validated)::int AS validated,
      sum(partial)::int AS partial,
      sum(in_progress)::int AS in_progress,
      sum(not_covered)::int AS not_covered,
      sum(not_evaluated)::int AS not_evaluated,
      CASE
        WHEN rollup = 'parent_mean' THEN (sum(points) / sum(n))::float8
        ELSE (100 * sum(validated) + 50 * sum(partial))::float8 / sum(n)::float8
      END AS coverage_pct
    FROM unit
    GROUP BY
      organization_id,
      side,
      domain,
      tactic,
      rollup
  ),
  by_domain AS (
    SELECT
      organization_id,
      side,
      domain,
      jsonb_object_agg(
        tactic,
        jsonb_build_object(
          'total',
          total,
          'validated',
          validated,
          'partial',
          partial,
          'in_progress',
          in_progress,
          'not_covered',
          not_covered,
          'not_evaluated',
          not_evaluated,
          'coverage_pct',
          coverage_pct
        )
      ) AS tactics
    FROM summed
    WHERE tactic <> ''
    GROUP BY
      organization_id,
      side,
      domain
  ),
  rolled_up AS (
    SELECT
      s.organization_id,
      s.side,
      s.total,
      s.validated,
      s.partial,
      s.in_progress,
      s.not_covered,
      s.not_evaluated,
      s.coverage_pct,
      coalesce(d.tactics, '{}') AS tactics
    FROM
      summed s
      LEFT JOIN (
        SELECT
          organization_id,
          side,
          jsonb_object_agg(domain, tactics) AS tactics
        FROM by_domain
        GROUP BY
          organization_id,
          side
      ) d USING (organization_id, side)
    WHERE s.tactic = ''
  )
INSERT INTO
  posture_snapshot AS s (
    organization_id,
    snapshot_date,
    coverage_pct,
    total,
    validated,
    partial,
    in_progress,
    not_covered,
    not_evaluated,
    source,
    created_at,
    updated_at,
    valid_from,
    rollup,
    formula_version,
    scope,
    attack_versions,
    tactics,
    taken_at,
    baseline_pct,
    baseline_date,
    baseline_tactics
  )
SELECT
  c.organization_id,
  $1::date,
  c.coverage_pct,
  c.total,
  c.validated,
  c.partial,
  c.in_progress,
  c.not_covered,
  c.not_evaluated,
  $2,
  $3::timestamptz,
  $3::timestamptz,
  $3::timestamptz,
  p.rollup,
  1,
  p.scope,
  loaded.attack_versions,
  c.tactics,
  $3::timestamptz,
  b.coverage_pct,
  CASE WHEN b.coverage_pct IS NOT NULL THEN m.snapshot_date
  END,
  b.tactics
FROM
  rolled_up c
  JOIN policy p USING (organization_id)
  CROSS JOIN loaded
  LEFT JOIN moved m ON m.organization_id = c.organization_id
  LEFT JOIN rolled_up b ON b.organization_id = c.organization_id
  AND b.side = 'baseline'
WHERE c.side = 'current'
ORDER BY c.organization_id
ON CONFLICT (organization_id, snapshot_date) DO UPDATE
SET
  coverage_pct = excluded.coverage_pct,
  total = excluded.total,
  validated = excluded.validated,
  partial = excluded.partial,
  in_progress = excluded.in_progress,
  not_covered = excluded.not_covered,
  not_evaluated = excluded.not_evaluated,
  source = excluded.source,
  updated_at = excluded.updated_at,
  rollup = excluded.rollup,
  formula_version = excluded.formula_version,
  scope = excluded.scope,
  attack_versions = excluded.attack_versions,
  tactics = excluded.tactics,
  taken_at = excluded.taken_at,
  baseline_pct = excluded.baseline_pct,
  baseline_date = excluded.baseline_date,
  baseline_tactics = excluded.baseline_tactics,
  version = s.version + 1,
  valid_from = excluded.updated_at
RETURNING s.organization_id AS "organizationId";
