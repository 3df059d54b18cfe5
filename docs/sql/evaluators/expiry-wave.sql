-- Counts the pending items of the revalidation queue whose techniques are in scope.
-- It runs in each evaluation, once for all claimed rules of the type.
-- Sent by ExpiryWaveEvaluator.measure.
--
-- $1 uuid[]: the organisation of each rule
-- $2 integer[]: the minimum count of each rule
SELECT
  c.pending_count,
  c.pending_count >= r.min_pending_count AS breached,
  e.example_ids,
  e.example_attack_ids,
  e.queued_at
FROM
  unnest($1::uuid[], $2::int[]) WITH ORDINALITY AS r (organization_id, min_pending_count, ord)
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS pending_count
    FROM revalidation_item q
    WHERE
      q.organization_id = r.organization_id
      AND q.status IN ('pending', 'in_progress')
      AND (
        SELECT
          p.in_force
          AND p.status_global <> 'not_applicable'
        FROM posture p
        WHERE
          p.organization_id = q.organization_id
          AND p.technique_id = q.technique_id
      )
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
          x.created_at
          ORDER BY x.place
        ),
        '{}'
      ) AS queued_at
    FROM
      (
        SELECT
          q.technique_id,
          t.attack_id,
          q.created_at,
          row_number() OVER (
            ORDER BY
              q.created_at,
              t.attack_id COLLATE "C",
              q.id
          ) AS place
        FROM
          revalidation_item q
          JOIN technique t ON t.id = q.technique_id
        WHERE
          c.pending_count >= r.min_pending_count
          AND q.organization_id = r.organization_id
          AND q.status IN ('pending', 'in_progress')
          AND (
            SELECT
              p.in_force
              AND p.status_global <> 'not_applicable'
            FROM posture p
            WHERE
              p.organization_id = q.organization_id
              AND p.technique_id = q.technique_id
          )
      ) x
    WHERE x.place <= 10
  ) e
ORDER BY r.ord;
