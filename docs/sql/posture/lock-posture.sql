-- Locks the posture of techniques in the order of their ids.
-- It runs before posture is written.
-- Sent by PostureWriter.lock.
--
-- $1 uuid: the organisation
-- $2 uuid[]: the techniques
SELECT
FROM posture
WHERE
  organization_id = $1
  AND technique_id = ANY ($2::uuid[])
ORDER BY technique_id
FOR NO KEY UPDATE;
