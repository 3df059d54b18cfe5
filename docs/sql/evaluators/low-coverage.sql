-- Counts the techniques in scope by status, from which the coverage follows.
-- It runs in each evaluation, once for all claimed rules of the type.
-- Sent by LowCoverageEvaluator.measure.
--
-- $1 uuid[]: the organisation of each rule
SELECT
  (
    SELECT count(*)::int
    FROM posture p
    WHERE
      p.organization_id = r.organization_id
      AND p.in_force
      AND p.status_global <> 'not_applicable'
      AND p.status_global = 'not_evaluated'
  ) AS not_evaluated,
  (
    SELECT count(*)::int
    FROM posture p
    WHERE
      p.organization_id = r.organization_id
      AND p.in_force
      AND p.status_global <> 'not_applicable'
      AND p.status_global = 'not_covered'
  ) AS not_covered,
  (
    SELECT count(*)::int
    FROM posture p
    WHERE
      p.organization_id = r.organization_id
      AND p.in_force
      AND p.status_global <> 'not_applicable'
      AND p.status_global = 'in_progress'
  ) AS in_progress,
  (
    SELECT count(*)::int
    FROM posture p
    WHERE
      p.organization_id = r.organization_id
      AND p.in_force
      AND p.status_global <> 'not_applicable'
      AND p.status_global = 'partial'
  ) AS partial,
  (
    SELECT count(*)::int
    FROM posture p
    WHERE
      p.organization_id = r.organization_id
      AND p.in_force
      AND p.status_global <> 'not_applicable'
      AND p.status_global = 'validated'
  ) AS validated
FROM unnest($1::uuid[]) WITH ORDINALITY AS r (organization_id, ord)
ORDER BY r.ord;
