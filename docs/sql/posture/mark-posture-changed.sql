-- Marks organisations whose posture changed, so that their rules are evaluated soon.
-- It runs in the transaction of each change of posture, queue or snapshots.
-- Sent by PostureChanges.mark.
--
-- $1 text: what changed
-- $2 timestamp with time zone: the instant
-- $3 double precision: the debounce in milliseconds
-- $4 uuid[]: the organisations
INSERT INTO posture_change AS c (organization_id, kinds, first_changed_at, due_at)
SELECT
  changed.id,
  ARRAY[$1::text],
  $2::timestamptz,
  $2::timestamptz + $3 * interval '1 millisecond'
FROM
  (
    SELECT unnest($4::uuid[])
  ) changed (id)
ON CONFLICT (organization_id) DO UPDATE
SET
  kinds = CASE
    WHEN excluded.kinds <@ c.kinds THEN c.kinds
    ELSE c.kinds || excluded.kinds
  END,
  due_at = greatest(c.due_at, least(excluded.due_at, c.first_changed_at + interval '2000 milliseconds'));
