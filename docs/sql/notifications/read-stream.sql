-- Reads the notifications after a position, for all connected readers of this process.
-- It runs when a notification was written, and at intervals, while a stream is open.
-- Sent by StreamReader.after.
--
-- $1 bigint: the transaction number in the position
-- $2 uuid: the notification in the position
-- $3 uuid[]: the organisation of each reader
-- $4 uuid[]: the user of each reader
-- $5 bigint: how many notifications to read at most
SELECT
  h.horizon,
  w.is_held_back,
  n.id,
  n.organization_id AS "organizationId",
  n.user_id AS "userId",
  n.alert_id AS "alertId",
  n.event,
  n.severity,
  n.title,
  n.message,
  n.created_at AS "createdAt",
  n.read_at AS "readAt",
  n.stream_position AS "streamPosition"
FROM
  (
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon
  ) h
  CROSS JOIN LATERAL (
    SELECT
      EXISTS (
        SELECT
        FROM notification n
        WHERE
          n.stream_position >= h.horizon
          AND (n.organization_id, n.user_id) IN (
            SELECT *
            FROM unnest($3::uuid[], $4::uuid[])
          )
      ) AS is_held_back
  ) w
  LEFT JOIN LATERAL (
    SELECT *
    FROM notification n
    WHERE
      (n.stream_position, n.id) > ($1::bigint, $2::uuid)
      AND n.stream_position < h.horizon
      AND (n.organization_id, n.user_id) IN (
        SELECT *
        FROM unnest($3::uuid[], $4::uuid[])
      )
    ORDER BY
      n.stream_position,
      n.id
    LIMIT $5
  ) n ON true
ORDER BY
  n.stream_position,
  n.id;
