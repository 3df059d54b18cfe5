-- Writes the results of attempts and logs the attempts. A delivery changes only while the worker
-- still holds its lease.
-- It runs after each batch of attempts.
-- Sent by DeliveryStore.finish.
--
-- $1 uuid[]: the id of each attempt
-- $2 uuid[]: the organisation of each attempt
-- $3 uuid[]: the delivery of each attempt
-- $4 uuid[]: the token of the lease
-- $5 integer[]: the number of the attempt
-- $6 double precision[]: when it began, in milliseconds since 1970
-- $7 double precision[]: when it ended, in milliseconds since 1970
-- $8 double precision[]: how long it took, in milliseconds
-- $9 integer[]: the status code of the response
-- $10 text[]: the error; null if the attempt succeeded
-- $11 text[]: the body of the response
-- $12 text[]: the new status of the delivery
-- $13 double precision[]: when the next attempt is due, in milliseconds since 1970
-- $14 text[]: the URL of the request
-- $15 text[]: the body of the request; null if it is the body of the event
-- $16 jsonb: the headers of all requests, as a JSON array
WITH
  result AS MATERIALIZED (
    SELECT
      attempt_id,
      organization_id,
      delivery_id,
      lock_token,
      attempt,
      to_timestamp(started_ms / 1000) AS started_at,
      to_timestamp(finished_ms / 1000) AS finished_at,
      duration_ms,
      status_code,
      error,
      response_body,
      status,
      to_timestamp(next_attempt_ms / 1000) AS next_attempt_at,
      request_url,
      request_body,
      nullif(request_headers, 'null') AS request_headers
    FROM ROWS
    FROM
      (
        unnest(
          $1::uuid[],
          $2::uuid[],
          $3::uuid[],
          $4::uuid[],
          $5::integer[],
          $6::double precision[],
          $7::double precision[],
          $8::double precision[],
          $9::integer[],
          $10::text[],
          $11::text[],
          $12::text[],
          $13::double precision[],
          $14::text[],
          $15::text[]
        ),
        jsonb_array_elements($16::jsonb)
      ) AS r (
        attempt_id,
        organization_id,
        delivery_id,
        lock_token,
        attempt,
        started_ms,
        finished_ms,
        duration_ms,
        status_code,
        error,
        response_body,
        status,
        next_attempt_ms,
        request_url,
        request_body,
        request_headers
      )
  ),
  changed AS (
    UPDATE webhook_delivery d
    SET
      status = r.status,
      attempt_count = CASE
        WHEN r.status = 'skipped' THEN d.attempt_count
        ELSE r.attempt
      END,
      next_attempt_at = coalesce(r.next_attempt_at, d.next_attempt_at),
      lock_token = NULL,
      locked_until = NULL,
      last_status_code = r.status_code,
      last_error = r.error,
      completed_at = CASE
        WHEN r.status = 'pending' THEN NULL
        ELSE r.finished_at
      END
    FROM result r
    WHERE
      d.organization_id = r.organization_id
      AND d.id = r.delivery_id
      AND d.lock_token = r.lock_token
      AND d.status = 'pending'
    RETURNING d.id
  ),
  others AS (
    SELECT d.id
    FROM
      result r
      JOIN webhook_delivery d ON d.organization_id = r.organization_id
      AND d.id = r.delivery_id
    WHERE
      r.delivery_id NOT IN (
        SELECT id
        FROM changed
      )
    FOR KEY SHARE OF d
  ),
  logged AS (
    INSERT INTO
      webhook_attempt (
        id,
        organization_id,
        delivery_id,
        attempt,
        started_at,
        duration_ms,
        status_code,
        error,
        response_body,
        request_url,
        request_headers,
        request_body
      )
    SELECT
      attempt_id,
      organization_id,
      delivery_id,
      attempt,
      started_at,
      duration_ms,
      status_code,
      error,
      response_body,
      request_url,
      request_headers,
      request_body
    FROM result
    WHERE
      status <> 'skipped'
      AND delivery_id IN (
        SELECT id
        FROM changed
        UNION ALL
        SELECT id
        FROM others
      )
  )
SELECT delivery_id AS id
FROM result
WHERE
  delivery_id NOT IN (
    SELECT id
    FROM changed
  );
