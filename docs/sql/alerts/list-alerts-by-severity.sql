-- Reads a page of the alerts of a severity: the newest of each status and rule type, merged.
-- It runs for each page of the list of alerts with a filter by severity. Filters by rule type and
-- rule are similar.
-- Sent by AlertReader.page.
--
-- $1 uuid: the organisation
-- $2 text: the severity
SELECT
  counted.total,
  a.*
FROM
  (
    SELECT coalesce(sum(a.count), 0)::integer AS total
    FROM alert_count a
    WHERE
      a.organization_id = $1
      AND a.severity = $2
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
    FROM
      (
        SELECT a.id
        FROM
          unnest('{open,acknowledged,resolved,dismissed}'::text[]) AS s (status)
          CROSS JOIN (
            WITH RECURSIVE
              type (rule_type) AS (
                (
                  SELECT a.rule_type
                  FROM alert_instance a
                  WHERE a.organization_id = $1
                  ORDER BY a.rule_type
                  LIMIT 1
                )
                UNION ALL
                SELECT
                  (
                    SELECT a.rule_type
                    FROM alert_instance a
                    WHERE
                      a.organization_id = $1
                      AND a.rule_type > type.rule_type
                    ORDER BY a.rule_type
                    LIMIT 1
                  )
                FROM type
                WHERE type.rule_type IS NOT NULL
              )
            SELECT rule_type
            FROM type
            WHERE rule_type IS NOT NULL
          ) AS t
          CROSS JOIN LATERAL (
            SELECT
              a.id,
              a.created_at
            FROM alert_instance a
            WHERE
              a.organization_id = $1
              AND a.severity = $2
              AND a.status = s.status
              AND a.rule_type = t.rule_type
            ORDER BY
              a.created_at DESC,
              a.id DESC
            LIMIT 51
          ) a
        ORDER BY
          a.created_at DESC,
          a.id DESC
        OFFSET 0
        LIMIT 51
      ) found
      JOIN alert_instance a ON a.id = found.id
  ) a ON true
ORDER BY
  a."createdAt" DESC,
  a.id DESC;
