-- Counts the techniques in scope with a high risk score, and lists the highest if the rule fires.
-- It runs in each evaluation, once for all claimed rules of the type.
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
    FROM posture p
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
            FROM posture p
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
