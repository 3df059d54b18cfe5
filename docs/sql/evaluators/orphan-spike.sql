-- Counts the techniques in scope without an owner.
-- It runs in each evaluation, once for all claimed rules of the type.
-- Sent by OrphanSpikeEvaluator.measure.
--
-- $1 uuid[]: the organisation of each rule
-- $2 integer[]: the minimum count of each rule
SELECT
  c.orphan_count,
  s.total,
  c.orphan_count >= r.min_orphan_count AS breached,
  e.example_ids,
  e.example_attack_ids
FROM
  unnest($1::uuid[], $2::int[]) WITH ORDINALITY AS r (organization_id, min_orphan_count, ord)
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS total
    FROM posture p
    WHERE
      p.organization_id = r.organization_id
      AND p.in_force
      AND p.status_global <> 'not_applicable'
  ) s
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS orphan_count
    FROM posture p
    WHERE
      p.organization_id = r.organization_id
      AND p.in_force
      AND p.status_global <> 'not_applicable'
      AND p.owner_id IS NULL
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
      ) AS example_attack_ids
    FROM
      (
        SELECT
          p.technique_id,
          t.attack_id,
          row_number() OVER (
            ORDER BY
              p.risk_score DESC NULLS LAST,
              t.attack_id COLLATE "C",
              t.id
          ) AS place
        FROM
          posture p
          JOIN technique t ON t.id = p.technique_id
        WHERE
          c.orphan_count >= r.min_orphan_count
          AND p.organization_id = r.organization_id
          AND p.in_force
          AND p.status_global <> 'not_applicable'
          AND p.owner_id IS NULL
      ) x
    WHERE x.place <= 10
  ) e
ORDER BY r.ord;
