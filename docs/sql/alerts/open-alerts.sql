-- Writes the alerts that open.
-- It runs in each evaluation in which a rule fires.
-- Sent by AlertWriter.open.
--
-- $1 uuid[]: the id of each alert
-- $2 uuid[]: the organisation of each alert
-- $3 uuid[]: the rule of each alert
-- $4 text[]: the name of the rule
-- $5 text[]: the type of the rule
-- $6 text[]: the severity
-- $7 text[]: the title
-- $8 text[]: the message
-- $9 jsonb[]: the evidence
-- $10 text[]: the fingerprint; set if the rule keeps at most one open alert
-- $11 timestamp with time zone[]: when the alert opened
INSERT INTO
  alert_instance (
    id,
    organization_id,
    rule_id,
    rule_name,
    rule_type,
    severity,
    title,
    message,
    details,
    fingerprint,
    last_occurred_at,
    created_at
  )
SELECT
  id,
  organization_id,
  rule_id,
  rule_name,
  rule_type,
  severity,
  title,
  message,
  details,
  fingerprint,
  occurred_at,
  occurred_at
FROM
  unnest(
    $1::uuid[],
    $2::uuid[],
    $3::uuid[],
    $4::text[],
    $5::text[],
    $6::text[],
    $7::text[],
    $8::text[],
    $9::jsonb[],
    $10::text[],
    $11::timestamptz[]
  ) AS a (
    id,
    organization_id,
    rule_id,
    rule_name,
    rule_type,
    severity,
    title,
    message,
    details,
    fingerprint,
    occurred_at
  );
