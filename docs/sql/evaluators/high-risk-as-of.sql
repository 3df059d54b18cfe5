-- Does the same as `high-risk`, on the posture as it was at an instant (here
-- 2026-01-01T00:00:00.000Z).
-- It runs for backtests. Every evaluator can read the past in this way.
-- Sent by HighRiskEvaluator.measure.
--
-- $1 uuid[]: the organisation of each rule
-- $2 double precision[]: the minimum risk score of each rule
-- $3 integer[]: the minimum count of each rule
SELECT
  c.count,
  c.count >= r.min_count AS breached,
  e.top_ids,
  e.top_attack_ids,
  e.top_scores
FROM
  unnest($1::uuid[], $2::float8[], $3::int[]) WITH ORDINALITY AS r (organization_id, min_risk_score, min_count, ord)
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS count
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
              c.last_review_date,
              c.risk_score,
              c.owner_id,
              c.tags,
              c.in_force,
              c.mitre_last_modified,
              c.valid_from
            WHERE c.valid_from <= '2026-01-01T00:00:00.000Z'::timestamptz
            UNION ALL
            (
              SELECT
                h.status_global,
                h.last_review_date,
                h.risk_score,
                h.owner_id,
                h.tags,
                h.in_force,
                h.mitre_last_modified,
                h.valid_from
              FROM posture_history h
              WHERE
                h.organization_id = c.organization_id
                AND h.technique_id = c.technique_id
                AND h.valid_from <= '2026-01-01T00:00:00.000Z'::timestamptz
                AND c.valid_from > '2026-01-01T00:00:00.000Z'::timestamptz
              ORDER BY
                h.valid_from DESC,
                h.version DESC
              LIMIT 1
            )
          ) v
      ) p
    WHERE
      p.organization_id = r.organization_id
      AND p.in_force
      AND p.status_global <> 'not_applicable'
      AND p.risk_score >= r.min_risk_score
  ) c
  CROSS JOIN LATERAL (
    SELECT
      coalesce(
        array_agg(
          x.technique_id
          ORDER BY x.place
        ),
        '{}'
      ) AS top_ids,
      coalesce(
        array_agg(
          x.attack_id
          ORDER BY x.place
        ),
        '{}'
      ) AS top_attack_ids,
      coalesce(
        array_agg(
          x.risk_score
          ORDER BY x.place
        ),
        '{}'
      ) AS top_scores
    FROM
      (
        SELECT
          top.technique_id,
          t.attack_id,
          top.risk_score,
          row_number() OVER (
            ORDER BY
              top.risk_score DESC,
              t.attack_id COLLATE "C",
              t.id
          ) AS place
        FROM
          (
            SELECT
              p.technique_id,
              p.risk_score
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
                      c.last_review_date,
                      c.risk_score,
                      c.owner_id,
                      c.tags,
                      c.in_force,
                      c.mitre_last_modified,
                      c.valid_from
                    WHERE c.valid_from <= '2026-01-01T00:00:00.000Z'::timestamptz
                    UNION ALL
                    (
                      SELECT
                        h.status_global,
                        h.last_review_date,
                        h.risk_score,
                        h.owner_id,
                        h.tags,
                        h.in_force,
                        h.mitre_last_modified,
                        h.valid_from
                      FROM posture_history h
                      WHERE
                        h.organization_id = c.organization_id
                        AND h.technique_id = c.technique_id
                        AND h.valid_from <= '2026-01-01T00:00:00.000Z'::timestamptz
                        AND c.valid_from > '2026-01-01T00:00:00.000Z'::timestamptz
                      ORDER BY
                        h.valid_from DESC,
                        h.version DESC
                      LIMIT 1
                    )
                  ) v
              ) p
            WHERE
              c.count >= r.min_count
              AND p.organization_id = r.organization_id
              AND p.in_force
              AND p.status_global <> 'not_applicable'
              AND p.risk_score >= r.min_risk_score
            ORDER BY p.risk_score DESC
            FETCH FIRST 5 ROWS
            WITH TIES
          ) top
          JOIN technique t ON t.id = top.technique_id
      ) x
    WHERE x.place <= 5
  ) e
ORDER BY r.ord;
