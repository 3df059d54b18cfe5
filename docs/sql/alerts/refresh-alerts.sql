-- Writes the repeated firings of rules into the alerts that are open already.
-- It runs in each evaluation in which such a rule fires again, after `lock-unfinished-alerts`.
-- Sent by AlertWriter.refresh.
--
-- $1 uuid[]: the id of each alert
-- $2 uuid[]: the organisation of each alert
-- $3 text[]: the severity
-- $4 text[]: the title
-- $5 text[]: the message
-- $6 jsonb[]: the evidence
-- $7 timestamp with time zone[]: when the rule fired again
UPDATE alert_instance a
SET
  occurrence_count = a.occurrence_count + 1,
  severity = f.severity,
  title = f.title,
  message = f.message,
  details = f.details,
  last_occurred_at = f.occurred_at
FROM
  unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::timestamptz[]) AS f (id, organization_id, severity, title, message, details, occurred_at)
WHERE
  a.organization_id = f.organization_id
  AND a.id = f.id;
