-- Writes the events, and one delivery for each endpoint that receives an event.
-- It runs in the transaction of the event.
-- Sent by EventWriter.write.
--
-- $1 uuid[]: the id of each event
-- $2 uuid[]: the organisation of each event
-- $3 text[]: the type of each event
-- $4 uuid[]: the alert of each event; null if it is not about an alert
-- $5 text[]: the body of each event
-- $6 uuid[]: the endpoint of the rule; null if it has none
-- $7 timestamp with time zone: the instant of the write
-- $8 integer[]: the number of the event among those of its alert
-- $9 text[]: the severity
-- $10 text[]: the rule type
WITH
  event AS (
    SELECT *
    FROM
      unnest(
        $1::uuid[],
        $2::uuid[],
        $3::text[],
        $4::uuid[],
        $5::text[],
        $6::uuid[],
        $8::integer[],
        $9::text[],
        $10::text[]
      ) AS v (
        event_id,
        organization_id,
        event_type,
        alert_id,
        body,
        direct_endpoint_id,
        sequence,
        severity,
        rule_type
      )
  ),
  matched AS MATERIALIZED (
    SELECT
      v.organization_id,
      v.event_id,
      v.event_type,
      v.alert_id,
      v.sequence,
      v.body,
      e.id AS endpoint_id,
      e.is_enabled
    FROM
      event v
      JOIN webhook_endpoint e ON e.organization_id = v.organization_id
      AND (
        e.is_enabled
        OR e.disabled_reason IS NOT NULL
      )
      AND CASE
        WHEN e.id = v.direct_endpoint_id THEN NULL
        WHEN NOT v.event_type = ANY (e.events) THEN 'not_subscribed'
        WHEN array_position('{critical,high,medium,low,info}'::text[], v.severity) > array_position('{critical,high,medium,low,info}'::text[], e.min_severity) THEN 'min_severity'
        WHEN e.rule_types <> '{}'
        AND v.rule_type <> ALL (e.rule_types) THEN 'rule_type'
      END IS NULL
    FOR KEY SHARE OF e
  ),
  stored AS (
    INSERT INTO webhook_event (organization_id, id, body, created_at)
    SELECT DISTINCT
      ON (organization_id, event_id) organization_id,
      event_id,
      body,
      $7
    FROM matched
    ON CONFLICT DO NOTHING
  ),
  inserted AS (
    INSERT INTO
      webhook_delivery (
        id,
        organization_id,
        endpoint_id,
        event_id,
        event_type,
        alert_id,
        sequence,
        status,
        next_attempt_at,
        created_at,
        completed_at
      )
    SELECT
      vedette_uuidv7 (),
      organization_id,
      endpoint_id,
      event_id,
      event_type,
      alert_id,
      sequence,
      CASE
        WHEN is_enabled THEN 'pending'
        ELSE 'missed'
      END,
      $7,
      $7,
      CASE
        WHEN is_enabled THEN NULL
        ELSE $7::timestamptz
      END
    FROM matched
    ON CONFLICT (event_id, endpoint_id) DO NOTHING
    RETURNING status
  )
SELECT count(*)::integer AS count
FROM inserted
WHERE status = 'pending';
