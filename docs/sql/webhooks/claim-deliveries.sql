-- Leases due deliveries to this worker, postpones those of unhealthy endpoints, and skips rows that
-- another replica has locked.
-- It runs whenever the worker can send more: after a commit that wrote deliveries, and at
-- intervals.
-- Sent by DeliveryStore.claim.
--
-- $1 timestamp with time zone: the instant of the claim
-- $2 bigint: how many deliveries to take at most
-- $3 uuid: the token of the leases
-- $4 timestamp with time zone: when the leases end
-- $5 timestamp with time zone: until when deliveries of a disabled endpoint are postponed
-- $6 text: the type of a ping, which is never postponed
-- $7 uuid[]: endpoints whose deliveries are left out
-- $8 timestamp with time zone: until when deliveries wait for the probe of an endpoint
-- $9 timestamp with time zone: the latest possible end of a lease; a lease that ends later comes from a clock that was ahead
WITH
  unsynchronised AS MATERIALIZED (
    SELECT set_config('synchronous_commit', 'off', true)
  ),
  due AS MATERIALIZED (
    SELECT
      d.id,
      d.organization_id,
      d.endpoint_id,
      d.event_id,
      d.next_attempt_at,
      d.locked_until IS NOT NULL AS was_leased,
      h.paused_until,
      h.open_until,
      coalesce(
        h.consecutive_failures > 0
        OR h.breaker = 'open',
        false
      ) AS was_failing,
      CASE
        WHEN d.event_type = $6 THEN NULL
        WHEN h.paused_until > $1 THEN 'paused'
        WHEN d.replay_id IS NOT NULL THEN NULL
        WHEN NOT e.is_enabled THEN 'disabled'
        WHEN h.breaker = 'open'
        AND (
          h.open_until > $1
          OR h.probe_until > $1
        ) THEN 'breaker'
        WHEN h.breaker = 'open' THEN 'probe'
      END AS hold
    FROM
      unsynchronised,
      webhook_delivery d
      JOIN webhook_endpoint e ON e.organization_id = d.organization_id
      AND e.id = d.endpoint_id
      LEFT JOIN webhook_endpoint_health h ON h.organization_id = d.organization_id
      AND h.endpoint_id = d.endpoint_id
    WHERE
      d.status = 'pending'
      AND d.next_attempt_at <= $1
      AND (
        d.locked_until IS NULL
        OR d.locked_until < $1
        OR d.locked_until > $9
      )
      AND (
        d.event_type = $6
        OR d.endpoint_id <> ALL ($7::uuid[])
      )
      AND NOT (
        e.is_ordered
        AND d.sequence IS NOT NULL
        AND EXISTS (
          SELECT 1
          FROM webhook_delivery p
          WHERE
            p.endpoint_id = d.endpoint_id
            AND p.alert_id = d.alert_id
            AND p.sequence < d.sequence
            AND p.status = 'pending'
        )
      )
    ORDER BY d.next_attempt_at
    LIMIT $2
    FOR UPDATE OF d SKIP LOCKED
  ),
  probing AS MATERIALIZED (
    SELECT
      h.organization_id,
      h.endpoint_id
    FROM webhook_endpoint_health h
    WHERE
      (h.organization_id, h.endpoint_id) IN (
        SELECT
          organization_id,
          endpoint_id
        FROM due
        WHERE hold = 'probe'
      )
      AND h.breaker = 'open'
      AND h.open_until <= $1
      AND (
        h.probe_until IS NULL
        OR h.probe_until <= $1
      )
    FOR UPDATE SKIP LOCKED
  ),
  marked AS (
    UPDATE webhook_endpoint_health h
    SET probe_until = $4
    FROM probing p
    WHERE
      h.organization_id = p.organization_id
      AND h.endpoint_id = p.endpoint_id
  ),
  probe AS (
    SELECT DISTINCT ON (due.endpoint_id) due.id
    FROM
      due
      JOIN probing p ON p.endpoint_id = due.endpoint_id
    WHERE due.hold = 'probe'
    ORDER BY
      due.endpoint_id,
      due.next_attempt_at
  ),
  decided AS (
    SELECT
      due.*,
      probe.id IS NOT NULL AS is_probe,
      due.hold IS NOT NULL
      AND probe.id IS NULL AS is_held,
      row_number() OVER (
        PARTITION BY
          due.organization_id,
          due.endpoint_id
      ) = 1 AS is_first_of_endpoint,
      row_number() OVER (
        PARTITION BY
          due.organization_id,
          due.event_id
      ) = 1 AS is_first_of_event
    FROM
      due
      LEFT JOIN probe ON probe.id = due.id
  )
UPDATE webhook_delivery d
SET
  lock_token = CASE
    WHEN c.is_held THEN NULL
    ELSE $3::uuid
  END,
  locked_until = CASE
    WHEN c.is_held THEN NULL
    ELSE $4::timestamptz
  END,
  held_reason = CASE
    WHEN NOT c.is_held THEN NULL
    WHEN c.hold = 'probe' THEN 'breaker'
    ELSE c.hold
  END,
  next_attempt_at = CASE
    WHEN NOT c.is_held THEN d.next_attempt_at
    WHEN c.hold = 'paused' THEN c.paused_until
    WHEN c.hold = 'disabled' THEN $5::timestamptz
    WHEN c.open_until > $1 THEN c.open_until
    ELSE $8::timestamptz
  END
FROM decided c
WHERE
  d.organization_id = c.organization_id
  AND d.id = c.id
RETURNING
  d.id,
  d.organization_id AS "organizationId",
  d.endpoint_id AS "endpointId",
  d.event_id AS "eventId",
  d.event_type AS "eventType",
  extract(
    epoch
    FROM d.created_at
  )::double precision * 1000 AS "createdAtMs",
  d.attempt_count + 1 AS attempt,
  d.attempts_before AS "attemptsBefore",
  d.replay_id IS NOT NULL AS "isReplay",
  c.is_probe AS "isProbe",
  c.was_failing AS "wasFailing",
  c.is_held AS "isHeld",
  c.was_leased AS "wasLeased",
  CASE
    WHEN c.is_first_of_endpoint THEN (
      SELECT
        json_build_object(
          'format',
          e.format,
          'url',
          e.url,
          'secretCiphertext',
          e.secret_ciphertext,
          'previousSecretCiphertext',
          CASE WHEN e.previous_secret_until > $1 THEN e.previous_secret_ciphertext
          END,
          'headersCiphertext',
          e.headers_ciphertext,
          'settingsCiphertext',
          e.settings_ciphertext
        )
      FROM webhook_endpoint e
      WHERE
        e.organization_id = d.organization_id
        AND e.id = d.endpoint_id
    )
  END AS endpoint,
  CASE
    WHEN c.is_first_of_event THEN (
      SELECT v.body
      FROM webhook_event v
      WHERE
        v.organization_id = d.organization_id
        AND v.id = d.event_id
    )
  END AS body;
