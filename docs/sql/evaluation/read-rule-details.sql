-- Reads the names and channels of rules that fired or failed.
-- It runs in each evaluation in which a rule fired or failed.
-- Sent by RuleClaims.details.
--
-- $1 uuid[]: the organisation of each rule
-- $2 uuid[]: the id of each rule
SELECT
  r.id AS "ruleId",
  o.name AS "organizationName",
  o.is_demo AS "isDemo",
  r.name,
  r.severity,
  r.notify_in_app AS "notifyInApp",
  r.notify_webhook AS "notifyWebhook",
  r.webhook_id AS "webhookId",
  CASE
    WHEN v.last_evaluated_at < v.last_fired_at + r.cooldown_hours * interval '1 hour' THEN v.last_fired_at
    ELSE v.last_evaluated_at
  END AS "measuredBefore"
FROM
  unnest($1::uuid[], $2::uuid[]) AS wanted (organization_id, id)
  JOIN alert_rule r ON r.organization_id = wanted.organization_id
  AND r.id = wanted.id
  JOIN organization o ON o.id = r.organization_id
  LEFT JOIN rule_standing v ON v.organization_id = r.organization_id
  AND v.rule_id = r.id;
