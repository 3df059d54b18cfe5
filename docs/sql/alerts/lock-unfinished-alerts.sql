-- Locks the open and acknowledged alerts of rules, so that a repeated firing can refresh them.
-- It runs in each evaluation in which a rule breaches again that keeps at most one open alert.
-- Sent by AlertWriter.lockUnfinished.
--
-- $1 uuid[]: the organisation of each rule
-- $2 uuid[]: the id of each rule
SELECT
  a.id,
  a.rule_id
FROM
  unnest($1::uuid[], $2::uuid[]) AS r (organization_id, rule_id)
  JOIN alert_instance a ON a.organization_id = r.organization_id
  AND a.rule_id = r.rule_id
WHERE a.status IN ('open', 'acknowledged')
ORDER BY
  a.status = 'open',
  a.created_at,
  a.id
FOR UPDATE OF a;
