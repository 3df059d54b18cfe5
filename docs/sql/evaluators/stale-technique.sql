-- Counts the validated techniques in scope whose last review is too old.
-- It runs in each evaluation, once for all claimed rules of the type.
-- Sent by StaleTechniqueEvaluator.measure.
--
-- $1 uuid[]: the organisation of each rule
-- $2 integer[]: the age in days at which a review is too old
-- $3 integer[]: the minimum count of each rule
-- $4 timestamp with time zone: the instant
SELECT
  c.count,
  c.count >= r.min_count AS breached,
  e.example_ids,
  e.example_attack_ids,
  e.review_dates
FROM
  unnest($1::uuid[], $2::int[], $3::int[]) WITH ORDINALITY AS r (organization_id, days_stale, min_count, ord)
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS count
    FROM posture p
    WHERE
      p.organization_id = r.organization_id
      AND p.in_force
      AND p.status_global <> 'not_applicable'
      AND p.status_global = 'validated'
      AND p.last_review_date < $4::timestamptz - make_interval(secs => r.days_stale * 86400.0)
  ) c
  CROSS JOIN LATERAL (
    SELECT
      coalesce(
        array_agg(
          x.technique_id
          ORDER BY x.place
        ),
        '{}'
      ) AS example_ids,
      coalesce(
        array_agg(
          x.attack_id
          ORDER BY x.place
        ),
        '{}'
      ) AS example_attack_ids,
      coalesce(
        array_agg(
          x.last_review_date
          ORDER BY x.place
        ),
        '{}'
      ) AS review_dates
    FROM
      (
        SELECT
          oldest.technique_id,
          t.attack_id,
          oldest.last_review_date,
          row_number() OVER (
            ORDER BY
              oldest.last_review_date,
              t.attack_id COLLATE "C",
              t.id
          ) AS place
        FROM
          (
            SELECT
              p.technique_id,
              p.last_review_date
            FROM posture p
            WHERE
              c.count >= r.min_count
              AND p.organization_id = r.organization_id
              AND p.in_force
              AND p.status_global <> 'not_applicable'
              AND p.status_global = 'validated'
              AND p.last_review_date < $4::timestamptz - make_interval(secs => r.days_stale * 86400.0)
            ORDER BY p.last_review_date
            FETCH FIRST 10 ROWS
            WITH TIES
          ) oldest
          JOIN technique t ON t.id = oldest.technique_id
      ) x
    WHERE x.place <= 10
  ) e
ORDER BY r.ord;
