-- Ends leases that this worker did not use.
-- It runs when a worker stops, and when it has claimed more than it can send in time or an endpoint
-- turns out to be unhealthy.
-- Sent by DeliveryStore.giveBack.
--
-- $1 uuid[]: the organisation of each delivery
-- $2 uuid[]: the id of each delivery
-- $3 uuid[]: the token of the lease
UPDATE webhook_delivery d
SET
  lock_token = NULL,
  locked_until = NULL
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS l (organization_id, id, token)
WHERE
  d.organization_id = l.organization_id
  AND d.id = l.id
  AND d.lock_token = l.token;
