-- Takes e-mails that are due, and skips rows that another replica has locked.
-- It runs every few seconds, and after an e-mail was written.
-- Sent by EmailStore.claim.
--
-- $1 timestamp with time zone: the instant of the claim
-- $2 bigint: how many e-mails to take at most
-- $3 uuid: the token of the leases
-- $4 timestamp with time zone: when the leases end
-- $5 timestamp with time zone: the latest possible end of a lease; a lease that ends later comes from a clock that was ahead
WITH
  due AS MATERIALIZED (
    SELECT id
    FROM email_delivery
    WHERE
      status = 'pending'
      AND next_attempt_at <= $1
      AND (
        locked_until IS NULL
        OR locked_until < $1
        OR locked_until > $5
      )
    ORDER BY next_attempt_at
    LIMIT $2
    FOR UPDATE SKIP LOCKED
  ),
  claimed AS (
    UPDATE email_delivery d
    SET
      lock_token = $3,
      locked_until = $4,
      held_for = NULL
    FROM due
    WHERE d.id = due.id
    RETURNING d.*
  )
SELECT
  d.id,
  d.organization_id AS "organizationId",
  o.name AS "organizationName",
  d.user_id AS "userId",
  u.email,
  u.display_name AS "displayName",
  d.kind,
  d.digest_slot AS "digestSlot",
  d.created_at AS "createdAt",
  d.lock_token AS "lockToken",
  d.attempt_count + 1 AS attempt,
  coalesce(p.email, 'off') AS mode,
  p.time_zone AS "timeZone",
  p.quiet_from AS "quietFrom",
  p.quiet_until AS "quietUntil",
  (
    SELECT
      json_agg(
        json_build_object(
          'id',
          n.id,
          'alertId',
          n.alert_id,
          'event',
          n.event,
          'severity',
          n.severity,
          'title',
          n.title,
          'message',
          n.message,
          'createdAt',
          to_char(n.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
          'reason',
          coalesce(
            CASE
              WHEN NOT m.is_active THEN 'inactive'
              WHEN NOT (
                m.role = 'admin'
                OR m.role = 'red_lead'
                OR m.role = 'blue_lead'
              ) THEN 'role'
            END,
            CASE
              WHEN coalesce(p.email, 'off') = 'off' THEN 'turned_off'
              ELSE coalesce(
                CASE
                  WHEN array_position('{critical,high,medium,low,info}'::text[], n.severity) > array_position('{critical,high,medium,low,info}'::text[], p.min_severity) THEN 'min_severity'
                  WHEN a.rule_type <> ALL (p.rule_types) THEN 'rule_type'
                END,
                CASE WHEN NOT true THEN 'no_mail_server'
                END
              )
            END
          )
        )
        ORDER BY
          n.created_at,
          n.id
      )
    FROM
      email_notice n
      LEFT JOIN alert_instance a ON a.organization_id = n.organization_id
      AND a.id = n.alert_id
    WHERE
      n.organization_id = d.organization_id
      AND n.delivery_id = d.id
  ) AS notices
FROM
  claimed d
  JOIN organization o ON o.id = d.organization_id
  JOIN membership m ON m.organization_id = d.organization_id
  AND m.user_id = d.user_id
  JOIN user_account u ON u.id = d.user_id
  LEFT JOIN notification_preference p ON p.organization_id = d.organization_id
  AND p.user_id = d.user_id;
