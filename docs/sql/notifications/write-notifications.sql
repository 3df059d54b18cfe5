-- Writes the notifications and e-mails for all members who receive a notice, and records why others
-- receive none.
-- It runs in the transaction of the alert or the failure that the notice is about.
-- Sent by AlertNotifier.notify.
--
-- $1 uuid[]: the organisation of each notice
-- $2 uuid[]: the alert of each notice; null if it is about a rule or a webhook
-- $3 text[]: the event of each notice
-- $4 text[]: the severity
-- $5 text[]: the title
-- $6 text[]: the message
-- $7 timestamp with time zone[]: the instant of the event
-- $8 boolean: whether a mail server is configured
-- $9 boolean[]: whether the rule notifies in the app
WITH
  audience AS MATERIALIZED (
    SELECT
      n.*,
      m.user_id,
      coalesce(p.email, 'off') AS email_mode,
      CASE
        WHEN NOT n.notify_in_app THEN 'not_notified'
        ELSE coalesce(
          CASE
            WHEN array_position('{critical,high,medium,low,info}'::text[], n.severity) > array_position('{critical,high,medium,low,info}'::text[], p.min_severity) THEN 'min_severity'
            WHEN a.rule_type <> ALL (p.rule_types) THEN 'rule_type'
          END,
          CASE WHEN NOT coalesce(p.in_app, true) THEN 'channel_off'
          END
        )
      END AS in_app_reason,
      CASE
        WHEN coalesce(p.email, 'off') = 'off' THEN 'turned_off'
        ELSE coalesce(
          CASE
            WHEN array_position('{critical,high,medium,low,info}'::text[], n.severity) > array_position('{critical,high,medium,low,info}'::text[], p.min_severity) THEN 'min_severity'
            WHEN a.rule_type <> ALL (p.rule_types) THEN 'rule_type'
          END,
          CASE WHEN NOT $8::boolean THEN 'no_mail_server'
          END
        )
      END AS email_reason
    FROM
      unnest(
        $1::uuid[],
        $2::uuid[],
        $3::text[],
        $4::text[],
        $5::text[],
        $6::text[],
        $7::timestamptz[],
        $9::boolean[]
      ) AS n (organization_id, alert_id, event, severity, title, message, occurred_at, notify_in_app)
      JOIN membership m ON m.organization_id = n.organization_id
      AND (
        m.is_active
        AND (
          m.role = 'admin'
          OR m.role = 'red_lead'
          OR m.role = 'blue_lead'
        )
      )
      LEFT JOIN notification_preference p ON p.organization_id = m.organization_id
      AND p.user_id = m.user_id
      LEFT JOIN alert_instance a ON a.organization_id = n.organization_id
      AND a.id = n.alert_id
  ),
  notified AS (
    INSERT INTO notification (id, organization_id, user_id, alert_id, event, severity, title, message, created_at)
    SELECT
      vedette_uuidv7 (),
      organization_id,
      user_id,
      alert_id,
      event,
      severity,
      title,
      message,
      occurred_at
    FROM audience
    WHERE in_app_reason IS NULL
    ON CONFLICT (organization_id, alert_id, event, user_id)
    WHERE alert_id IS NOT NULL DO NOTHING
    RETURNING event
  ),
  mailed AS (
    INSERT INTO
      email_notice (id, organization_id, user_id, delivery_id, alert_id, event, severity, title, message, created_at)
    SELECT
      vedette_uuidv7 (),
      organization_id,
      user_id,
      CASE WHEN email_mode = 'immediate' THEN vedette_uuidv7 ()
      END,
      alert_id,
      event,
      severity,
      title,
      message,
      occurred_at
    FROM audience
    WHERE email_reason IS NULL
    ON CONFLICT (organization_id, alert_id, event, user_id)
    WHERE alert_id IS NOT NULL DO NOTHING
    RETURNING
      organization_id,
      user_id,
      delivery_id,
      created_at
  ),
  outbox AS (
    INSERT INTO email_delivery (id, organization_id, user_id, kind, next_attempt_at, created_at)
    SELECT
      delivery_id,
      organization_id,
      user_id,
      'immediate',
      created_at,
      created_at
    FROM mailed
    WHERE delivery_id IS NOT NULL
    RETURNING 1
  ),
  skip AS MATERIALIZED (
    SELECT
      a.organization_id,
      a.alert_id,
      a.event,
      a.user_id,
      c.channel,
      c.reason,
      a.occurred_at
    FROM
      audience a
      CROSS JOIN LATERAL (
        VALUES
          ('in_app', a.in_app_reason),
          ('email', a.email_reason)
      ) AS c (channel, reason)
    WHERE c.reason <> 'turned_off'
  ),
  noted AS (
    INSERT INTO notification_skip (organization_id, alert_id, event, user_id, channel, reason, created_at)
    SELECT *
    FROM skip
    WHERE alert_id IS NOT NULL
    ON CONFLICT DO NOTHING
  )
SELECT
  'notified' AS kind,
  event AS label,
  count(*)::integer AS count
FROM notified
GROUP BY event
UNION ALL
SELECT
  'mailed',
  'immediate',
  count(*)::integer
FROM outbox
UNION ALL
SELECT
  'skipped',
  reason,
  count(*)::integer
FROM skip
GROUP BY reason;
