-- Writes the posture of techniques, but not rows that would stay the same.
-- It runs for each PUT of posture, each import, and each undo of an import.
-- Sent by PostureWriter.write.
--
-- $1 uuid: the organisation
-- $2 uuid[]: the techniques
-- $3 timestamp with time zone: the instant of the change
-- $4 uuid: the user who made the change; null if unknown
-- $5 boolean[]: whether the status is set
-- $6 text[]: the status
-- $7 boolean[]: whether the last review is set
-- $8 timestamp with time zone[]: the last review
-- $9 boolean[]: whether the risk score is set
-- $10 double precision[]: the risk score
-- $11 boolean[]: whether the owner is set
-- $12 uuid[]: the owner
-- $13 text: where the change comes from
-- $14 uuid: the record behind the change, such as an import
-- $15 text[]: the tags as the text of an array; null leaves them as they are
UPDATE posture p
SET
  status_global = CASE
    WHEN i.sets_status THEN i.status_global
    ELSE p.status_global
  END,
  last_review_date = CASE
    WHEN i.sets_review THEN i.last_review_date
    ELSE p.last_review_date
  END,
  risk_score = CASE
    WHEN i.sets_risk THEN i.risk_score
    ELSE p.risk_score
  END,
  owner_id = CASE
    WHEN i.sets_owner THEN i.owner_id
    ELSE p.owner_id
  END,
  tags = coalesce(i.tags::text[], p.tags),
  updated_at = $3,
  updated_by = $4,
  version = p.version + 1,
  valid_from = $3,
  change_source = $13,
  change_id = $14
FROM
  unnest(
    $2::uuid[],
    $5::boolean[],
    $6::text[],
    $7::boolean[],
    $8::timestamptz[],
    $9::boolean[],
    $10::double precision[],
    $11::boolean[],
    $12::uuid[],
    $15::text[]
  ) AS i (
    technique_id,
    sets_status,
    status_global,
    sets_review,
    last_review_date,
    sets_risk,
    risk_score,
    sets_owner,
    owner_id,
    tags
  )
WHERE
  p.organization_id = $1
  AND p.technique_id = i.technique_id
  AND (
    (
      i.sets_status
      AND p.status_global <> i.status_global
    )
    OR (
      i.sets_review
      AND p.last_review_date IS DISTINCT FROM i.last_review_date
    )
    OR (
      i.sets_risk
      AND p.risk_score IS DISTINCT FROM i.risk_score
    )
    OR (
      i.sets_owner
      AND p.owner_id IS DISTINCT FROM i.owner_id
    )
    OR p.tags <> i.tags::text[]
  );
