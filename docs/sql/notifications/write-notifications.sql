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
-- $8 text[]: the roles that receive notices
-- $9 text[]: all severities, most severe first
-- $10 boolean: whether a mail server is configured
-- $11 boolean[]: whether the rule notifies in the app
WITH
  audience AS MATERIALIZED (
    SELECT
      n.*,
      m.user_id,
      coalesce(p.in_app, true) AS prefers_in_app,
      coalesce(p.email, 'off') AS email,
      CASE
        WHEN array_position($9::text[], n.severity) > array_position($9::text[], p.min_severity) THEN 'min_severity'
        WHEN a.rule_type <> ALL (p.rule_types) THEN 'rule_type'
      END AS left_out
    FROM
      unnest(
        $1::uuid[],
        $2::uuid[],
        $3::text[],
        $4::text[],
        $5::text[],
        $6::text[],
        $7::timestamptz[],
        $11::boolean[]
      ) AS n (organization_id, alert_id, event, severity, title, message, occurred_at, notify_in_app)
      JOIN membership m ON m.organization_id = n.organization_id
      AND m.is_active
      AND m.role = ANY ($8::text[])
      LEFT JOIN notification_preference p ON p.organization_id = m.organization_id
      AND p.user_id = m.user_id
      LEFT JOIN alert_instance a ON a.organization_id = n.organization_id
      AND a.id = n.alert_id
  ),
  told AS (
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
    WHERE
      left_out IS NULL
      AND notify_in_app
      AND prefers_in_app
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
      CASE WHEN email = 'immediate' THEN vedette_uuidv7 ()
      END,
      alert_id,
      event,
      severity,
      title,
      message,
      occurred_at
    FROM audience
    WHERE
      left_out IS NULL
      AND email <> 'off'
      AND $10
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
          (
            'in_app',
            CASE
              WHEN NOT a.notify_in_app THEN 'not_notified'
              ELSE coalesce(
                a.left_out,
                CASE WHEN NOT a.prefers_in_app THEN 'channel_off'
                END
              )
            END
          ),
          (
            'email',
            CASE
              WHEN a.email <> 'off' THEN coalesce(
                a.left_out,
                CASE WHEN NOT $10 THEN 'no_mail_server'
                END
              )
            END
          )
      ) AS c (channel, reason)
    WHERE c.reason IS NOT NULL
  ),
  noted AS (
    INSERT INTO notification_skip (organization_id, alert_id, event, user_id, channel, reason, created_at)
    SELECT *
    FROM skip
    WHERE alert_id IS NOT NULL
    ON CONFLICT DO NOTHING
  )
SELECT
  'told' AS what,
  event AS word,
  count(*)::integer AS count
FROM told
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
