-- Reads a page of alerts, newest first, and their total.
-- It runs for each page of the list of alerts without filters. The limit is one more than the size
-- of the page.
-- Sent by AlertReader.page.
--
-- $1 uuid: the organisation
SELECT
  counted.total,
  a.*
FROM
  (
    SELECT coalesce(sum(a.count), 0)::integer AS total
    FROM alert_count a
    WHERE a.organization_id = $1
  ) counted
  LEFT JOIN LATERAL (
    SELECT
      a.id AS "id",
      a.organization_id AS "organizationId",
      a.rule_id AS "ruleId",
      a.rule_name AS "ruleName",
      a.rule_type AS "ruleType",
      a.severity AS "severity",
      a.title AS "title",
      a.message AS "message",
      a.details AS "details",
      a.status AS "status",
      a.fingerprint AS "fingerprint",
      a.occurrence_count AS "occurrenceCount",
      a.last_sequence AS "lastSequence",
      a.last_occurred_at AS "lastOccurredAt",
      a.acknowledged_by AS "acknowledgedBy",
      a.acknowledged_at AS "acknowledgedAt",
      a.resolved_by AS "resolvedBy",
      a.resolved_at AS "resolvedAt",
      a.dismissed_by AS "dismissedBy",
      a.dismissed_at AS "dismissedAt",
      a.created_at AS "createdAt"
    FROM alert_instance a
    WHERE a.organization_id = $1
    ORDER BY
      a.created_at DESC,
      a.id DESC
    OFFSET 0
    LIMIT 51
  ) a ON true
ORDER BY
  a."createdAt" DESC,
  a.id DESC;
