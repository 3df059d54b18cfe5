-- Counts the alerts by status, and the open ones by severity and rule type, and reads the newest
-- open ones.
-- It runs for each request for the summary of alerts.
-- Sent by AlertReader.summary.
--
-- $1 uuid: the organisation
WITH
  kind AS MATERIALIZED (
    SELECT
      status,
      severity,
      rule_type,
      sum(count)::integer AS count
    FROM alert_count
    WHERE organization_id = $1
    GROUP BY
      status,
      severity,
      rule_type
  )
SELECT
  (
    SELECT json_object_agg(status, count)
    FROM
      (
        SELECT
          status,
          sum(count) AS count
        FROM kind
        GROUP BY status
      ) k
  ) AS "byStatus",
  (
    SELECT json_object_agg(severity, count)
    FROM
      (
        SELECT
          severity,
          sum(count) AS count
        FROM kind
        GROUP BY severity
      ) k
  ) AS "bySeverity",
  (
    SELECT
      json_object_agg(
        rule_type,
        count
        ORDER BY rule_type
      )
    FROM
      (
        SELECT
          rule_type,
          sum(count) AS count
        FROM kind
        GROUP BY rule_type
        HAVING sum(count) > 0
      ) k
  ) AS "byRuleType",
  (
    SELECT json_object_agg(severity, count)
    FROM
      (
        SELECT
          severity,
          sum(count) AS count
        FROM kind
        WHERE status = 'open'
        GROUP BY severity
      ) k
  ) AS "openBySeverity",
  (
    SELECT
      json_object_agg(
        rule_type,
        count
        ORDER BY rule_type
      )
    FROM
      (
        SELECT
          rule_type,
          sum(count) AS count
        FROM kind
        WHERE status = 'open'
        GROUP BY rule_type
        HAVING sum(count) > 0
      ) k
  ) AS "openByRuleType",
  a.*
FROM
  (
    VALUES (1)
  ) always
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
    WHERE
      a.organization_id = $1
      AND a.status = 'open'
    ORDER BY
      a.created_at DESC,
      a.id DESC
    OFFSET 0
    LIMIT 5
  ) a ON true
ORDER BY
  a."createdAt" DESC,
  a.id DESC;
