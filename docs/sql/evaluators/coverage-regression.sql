-- Compares the newest snapshot with the snapshot before it and with the peak of a window, and finds
-- the drops.
-- It runs in each evaluation, once for all claimed rules of the type.
-- Sent by CoverageRegressionEvaluator.measure.
--
-- $1 uuid[]: the organisation of each rule
-- $2 double precision[]: the minimum drop of each rule, in percentage points
-- $3 integer[]: the days of the window for the peak; null means no window
-- $4 double precision[]: the minimum drop from the peak, in percentage points; null means the minimum drop
-- $5 timestamp with time zone: the instant
SELECT
  to_char(current.snapshot_date, 'YYYY-MM-DD') AS current_date,
  current.coverage_pct AS current_pct,
  current.attack_versions AS current_versions,
  to_char(previous.snapshot_date, 'YYYY-MM-DD') AS previous_date,
  previous.coverage_pct AS previous_pct,
  previous.attack_versions AS previous_versions,
  basis.baseline_pct,
  drop.points::float8 AS drop_pct,
  coalesce(drop.is_reached, false) AS drop_reached,
  to_char(peak.snapshot_date, 'YYYY-MM-DD') AS peak_date,
  peak.pct::float8 AS peak_pct,
  drop.from_peak::float8 AS drop_from_peak_pct,
  coalesce(drop.is_peak_reached, false) AS peak_reached,
  evidence.tactics,
  evidence.techniques,
  coalesce(evidence.techniques_count, 0) AS techniques_count,
  coalesce(evidence.has_statuses, false) AS has_statuses,
  CASE
    WHEN previous.snapshot_date IS NULL THEN (
      SELECT to_char(max(s.snapshot_date), 'YYYY-MM-DD')
      FROM posture_snapshot s
      WHERE
        s.organization_id = r.organization_id
        AND s.snapshot_date < current.snapshot_date
    )
  END AS other_date
FROM
  unnest($1::uuid[], $2::float8[], $3::int[], $4::float8[]) WITH ORDINALITY AS r (organization_id, min_drop_pct, window_days, min_drop_from_peak_pct, ord)
  LEFT JOIN LATERAL (
    SELECT *
    FROM posture_snapshot s
    WHERE
      s.organization_id = r.organization_id
      AND s.snapshot_date <= ($5::timestamptz AT TIME ZONE 'UTC')::date
    ORDER BY s.snapshot_date DESC
    LIMIT 1
  ) current ON true
  LEFT JOIN LATERAL (
    SELECT *
    FROM
      (
        SELECT *
        FROM posture_snapshot s
        WHERE
          s.organization_id = r.organization_id
          AND s.snapshot_date < current.snapshot_date
          AND s.rollup = current.rollup
          AND s.formula_version = current.formula_version
          AND s.scope IS NOT DISTINCT FROM current.scope
        ORDER BY s.snapshot_date DESC
        LIMIT 1
      ) s
    WHERE
      (
        (
          s.attack_versions IS NOT NULL
          AND coalesce(current.baseline_date = s.snapshot_date, false)
        )
        OR s.attack_versions IS NULL
        OR current.attack_versions IS NULL
        OR s.attack_versions = current.attack_versions
      )
  ) previous ON true
  CROSS JOIN LATERAL (
    SELECT
      CASE
        WHEN (
          previous.attack_versions IS NOT NULL
          AND coalesce(current.baseline_date = previous.snapshot_date, false)
        ) THEN current.baseline_pct
        ELSE previous.coverage_pct
      END AS baseline_pct
  ) basis
  LEFT JOIN LATERAL (
    SELECT
      snapshot_date,
      taken_at,
      attack_versions,
      tactics,
      pct
    FROM
      (
        SELECT
          n.*,
          n.coverage_pct::numeric + coalesce(sum(n.taxonomy) OVER later, 0) AS pct,
          coalesce(bool_or(n.is_broken) OVER later, false) AS is_cut_off
        FROM
          (
            SELECT
              s.*,
              o.snapshot_date IS NOT NULL
              AND NOT (
                (
                  o.attack_versions IS NOT NULL
                  AND coalesce(s.baseline_date = o.snapshot_date, false)
                )
                OR o.attack_versions IS NULL
                OR s.attack_versions IS NULL
                OR o.attack_versions = s.attack_versions
              ) AS is_broken,
              CASE
                WHEN (
                  o.attack_versions IS NOT NULL
                  AND coalesce(s.baseline_date = o.snapshot_date, false)
                ) THEN s.baseline_pct::numeric - o.coverage_pct::numeric
                ELSE 0
              END AS taxonomy
            FROM
              (
                SELECT
                  s.snapshot_date,
                  s.taken_at,
                  s.attack_versions,
                  s.tactics,
                  s.coverage_pct,
                  s.baseline_pct,
                  s.baseline_date,
                  lag(s.snapshot_date) OVER earlier AS older_date,
                  lag(s.attack_versions) OVER earlier AS older_versions,
                  lag(s.coverage_pct) OVER earlier AS older_pct
                FROM posture_snapshot s
                WHERE
                  s.organization_id = r.organization_id
                  AND s.snapshot_date BETWEEN current.snapshot_date - r.window_days AND current.snapshot_date
                  AND s.rollup = current.rollup
                  AND s.formula_version = current.formula_version
                  AND s.scope IS NOT DISTINCT FROM current.scope
                WINDOW
                  earlier AS (
                    ORDER BY s.snapshot_date
                  )
              ) s
              CROSS JOIN LATERAL (
                SELECT
                  s.older_date AS snapshot_date,
                  s.older_versions AS attack_versions,
                  s.older_pct AS coverage_pct
              ) o
          ) n
        WINDOW
          later AS (
            ORDER BY
              n.snapshot_date ROWS BETWEEN 1 FOLLOWING
              AND UNBOUNDED FOLLOWING
          )
      ) x
    WHERE
      r.window_days > 0
      AND NOT is_cut_off
    ORDER BY
      pct DESC,
      snapshot_date DESC
    LIMIT 1
  ) peak ON previous.snapshot_date IS NOT NULL
  CROSS JOIN LATERAL (
    SELECT
      points,
      from_peak,
      points >= r.min_drop_pct::numeric AS is_reached,
      from_peak >= coalesce(r.min_drop_from_peak_pct, r.min_drop_pct)::numeric AS is_peak_reached
    FROM
      (
        SELECT
          basis.baseline_pct::numeric - current.coverage_pct::numeric AS points,
          peak.pct - current.coverage_pct::numeric AS from_peak
      ) d
  )
drop
LEFT JOIN LATERAL (
  SELECT
    since.taken_at IS NOT NULL
    AND current.taken_at IS NOT NULL AS has_statuses,
    found.*
  FROM
    (
      SELECT
        previous.taken_at,
        (
          previous.attack_versions IS NOT NULL
          AND coalesce(current.baseline_date = previous.snapshot_date, false)
        ) AS is_restated,
        CASE
          WHEN (
            previous.attack_versions IS NOT NULL
            AND coalesce(current.baseline_date = previous.snapshot_date, false)
          ) THEN current.baseline_tactics
          ELSE previous.tactics
        END AS tactics
      WHERE drop.is_reached
      UNION ALL
      SELECT
        peak.taken_at,
        true,
        CASE WHEN peak.attack_versions = current.attack_versions THEN peak.tactics
        END
      WHERE
        drop.is_reached IS NOT TRUE
        AND drop.is_peak_reached
    ) since
    CROSS JOIN LATERAL (
      WITH
        status AS MATERIALIZED (
          SELECT
            b.*,
            t.attack_id,
            t.name,
            t.domain,
            t.tactics AS of_tactics
          FROM
            (
              WITH RECURSIVE
                origin AS (
                  SELECT
                    k.technique_id,
                    k.from_technique_id AS origin_id,
                    k.carried_at
                  FROM posture_carry_over k
                  WHERE
                    k.organization_id = r.organization_id
                    AND k.carried_at > since.taken_at
                    AND k.carried_at <= current.taken_at
                    AND (
                      k.put_back_at IS NULL
                      OR k.put_back_at > current.taken_at
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
                    k.organization_id = r.organization_id
                    AND k.carried_at > since.taken_at
                    AND k.carried_at <= current.taken_at
                    AND (
                      k.put_back_at IS NULL
                      OR k.put_back_at > current.taken_at
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
                c.organization_id,
                c.technique_id,
                CASE
                  WHEN taken_away.technique_id IS NOT NULL THEN 'not_evaluated'
                  ELSE coalesce(v.status_global, first.status_global, 'not_evaluated')
                END AS before,
                c.status_global AS after,
                NULL::text[] AS tactics
              FROM
                (
                  SELECT
                    c.organization_id,
                    c.technique_id,
                    v.*
                  FROM
                    posture c
                    CROSS JOIN LATERAL (
                      SELECT
                        c.status_global,
                        c.in_force,
                        c.valid_from
                      WHERE c.valid_from <= current.taken_at
                      UNION ALL
                      (
                        SELECT
                          h.status_global,
                          h.in_force,
                          h.valid_from
                        FROM posture_history h
                        WHERE
                          h.organization_id = c.organization_id
                          AND h.technique_id = c.technique_id
                          AND h.valid_from <= current.taken_at
                          AND c.valid_from > current.taken_at
                        ORDER BY
                          h.valid_from DESC,
                          h.version DESC
                        LIMIT 1
                      )
                    ) v
                ) c
                LEFT JOIN first_origin f ON f.technique_id = c.technique_id
                LEFT JOIN posture q ON q.organization_id = c.organization_id
                AND q.technique_id = coalesce(f.origin_id, c.technique_id)
                LEFT JOIN LATERAL (
                  SELECT q.status_global
                  WHERE q.valid_from <= since.taken_at
                  UNION ALL
                  (
                    SELECT h.status_global
                    FROM posture_history h
                    WHERE
                      h.organization_id = q.organization_id
                      AND h.technique_id = q.technique_id
                      AND h.valid_from <= since.taken_at
                      AND q.valid_from > since.taken_at
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
                    k.organization_id = r.organization_id
                    AND k.carried_at <= since.taken_at
                    AND k.put_back_at > since.taken_at
                    AND k.put_back_at <= current.taken_at
                ) taken_away ON taken_away.technique_id = c.technique_id
              WHERE
                c.organization_id = r.organization_id
                AND c.in_force
            ) b
            JOIN technique t ON t.id = b.technique_id
          WHERE
            since.taken_at IS NOT NULL
            AND current.taken_at IS NOT NULL
            AND (
              current.scope IS NULL
              OR (
                (
                  NOT current.scope ? 'domains'
                  OR current.scope -> 'domains' ? t.domain
                )
                AND (
                  NOT current.scope ? 'platforms'
                  OR current.scope -> 'platforms' ?| t.platforms
                )
              )
            )
        )
      SELECT
        tactics.list AS tactics,
        techniques.list AS techniques,
        techniques.count AS techniques_count
      FROM
        (
          SELECT
            jsonb_agg(
              jsonb_build_object(
                'domain',
                l.domain,
                'tactic',
                l.tactic,
                'name',
                coalesce(t.name, l.tactic),
                'before_pct',
                l.before,
                'after_pct',
                l.after
              )
              ORDER BY
                l.before - l.after DESC,
                l.domain,
                l.tactic
            ) AS list
          FROM
            (
              SELECT *
              FROM
                (
                  SELECT
                    d.key AS domain,
                    b.key AS tactic,
                    (b.value ->> 'coverage_pct')::float8 AS before,
                    (current.tactics #>> ARRAY[d.key, b.key, 'coverage_pct'])::float8 AS after
                  FROM
                    jsonb_each(since.tactics) d
                    CROSS JOIN LATERAL jsonb_each(d.value) b
                  UNION ALL
                  SELECT
                    s.domain,
                    g.tactic,
                    (
                      100 * count(*) FILTER (
                        WHERE s.before = 'validated'
                      ) + 50 * count(*) FILTER (
                        WHERE s.before = 'partial'
                      )
                    )::float8 / nullif(
                      count(*) FILTER (
                        WHERE s.before <> 'not_applicable'
                      ),
                      0
                    ),
                    (
                      100 * count(*) FILTER (
                        WHERE s.after = 'validated'
                      ) + 50 * count(*) FILTER (
                        WHERE s.after = 'partial'
                      )
                    )::float8 / nullif(
                      count(*) FILTER (
                        WHERE s.after <> 'not_applicable'
                      ),
                      0
                    )
                  FROM
                    status s
                    CROSS JOIN LATERAL unnest(s.of_tactics) AS g (tactic)
                  WHERE
                    since.tactics IS NULL
                    AND current.rollup = 'flat'
                    AND (
                      s.tactics IS NULL
                      OR g.tactic = ANY (s.tactics)
                    )
                  GROUP BY
                    s.domain,
                    g.tactic
                ) each_tactic
              WHERE before > after
              ORDER BY
                before - after DESC,
                domain,
                tactic
              LIMIT 5
            ) l
            LEFT JOIN tactic t ON t.domain = l.domain
            AND t.shortname = l.tactic
        ) tactics
        CROSS JOIN (
          SELECT
            coalesce(max(f.count), 0)::int AS count,
            jsonb_agg(
              jsonb_build_object(
                'technique_id',
                f.technique_id,
                'attack_id',
                f.attack_id,
                'name',
                f.name,
                'from',
                f.before,
                'to',
                f.after,
                'tactics',
                f.of_tactics,
                'change_source',
                c.change_source,
                'changed_by',
                c.changed_by,
                'changed_at',
                c.changed_at
              )
              ORDER BY f.place
            ) AS list
          FROM
            (
              SELECT
                s.*,
                count(*) OVER () AS count,
                row_number() OVER (
                  ORDER BY
                    CASE
                      WHEN before = 'validated' THEN 2
                      WHEN before = 'partial' THEN 1
                      WHEN before IS NOT NULL THEN 0
                    END - CASE
                      WHEN after = 'validated' THEN 2
                      WHEN after = 'partial' THEN 1
                      WHEN after IS NOT NULL THEN 0
                    END DESC,
                    attack_id COLLATE "C",
                    technique_id
                ) AS place
              FROM status s
              WHERE
                CASE
                  WHEN after = 'validated' THEN 2
                  WHEN after = 'partial' THEN 1
                  WHEN after IS NOT NULL THEN 0
                END < CASE
                  WHEN before = 'validated' THEN 2
                  WHEN before = 'partial' THEN 1
                  WHEN before IS NOT NULL THEN 0
                END
            ) f
            LEFT JOIN LATERAL (
              SELECT
                change_source,
                changed_by,
                valid_from AS changed_at
              FROM
                (
                  SELECT
                    w.*,
                    lag(status_global) OVER (
                      ORDER BY
                        valid_from,
                        version
                    ) AS before
                  FROM
                    (
                      SELECT
                        v.status_global,
                        v.valid_from,
                        v.version,
                        v.change_source,
                        CASE WHEN v.change_source NOT IN ('catalogue', 'database') THEN v.updated_by
                        END AS changed_by
                      FROM posture v
                      WHERE
                        v.organization_id = f.organization_id
                        AND v.technique_id = f.technique_id
                      UNION ALL
                      SELECT
                        v.status_global,
                        v.valid_from,
                        v.version,
                        v.change_source,
                        v.changed_by
                      FROM posture_history v
                      WHERE
                        v.organization_id = f.organization_id
                        AND v.technique_id = f.technique_id
                    ) w
                ) w
              WHERE
                valid_from > since.taken_at
                AND valid_from <= current.taken_at
                AND status_global = f.after
                AND before IS DISTINCT FROM status_global
              ORDER BY
                valid_from DESC,
                version DESC
              LIMIT 1
            ) c ON true
          WHERE f.place <= 20
        ) techniques
    ) found
) evidence ON true
ORDER BY r.ord;
