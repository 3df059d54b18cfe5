-- Counts the techniques in scope that MITRE published or changed lately.
-- It runs in each evaluation, once for all claimed rules of the type.
-- Sent by NewTechniqueEvaluator.measure.
--
-- $1 uuid[]: the organisation of each rule
-- $2 integer[]: how many days each rule looks back
-- $3 integer[]: the minimum count of each rule
-- $4 timestamp with time zone: the instant
-- $5 text[]: the kinds of change that count, separated by commas; null means all
-- $6 boolean[]: whether the rule fires once for each ATT&CK release
SELECT
  c.count,
  c.count >= r.min_count AS breached,
  e.technique_ids,
  e.mitre_ids,
  o.release
FROM
  unnest($1::uuid[], $2::int[], $3::int[], $5::text[], $6::boolean[]) WITH ORDINALITY AS r (organization_id, lookback_days, min_count, kinds, once_per_release, ord)
  CROSS JOIN LATERAL (
    SELECT count(*)::int AS count
    FROM posture p
    WHERE
      p.organization_id = r.organization_id
      AND p.in_force
      AND p.status_global <> 'not_applicable'
      AND p.mitre_last_modified >= $4::timestamptz - make_interval(secs => r.lookback_days * 86400.0)
  ) c
  CROSS JOIN LATERAL (
    SELECT
      coalesce(
        array_agg(
          x.technique_id
          ORDER BY x.place
        ),
        '{}'
      ) AS technique_ids,
      coalesce(
        array_agg(
          x.attack_id
          ORDER BY x.place
        ),
        '{}'
      ) AS mitre_ids
    FROM
      (
        SELECT
          newest.technique_id,
          t.attack_id,
          row_number() OVER (
            ORDER BY
              newest.mitre_last_modified DESC,
              t.attack_id COLLATE "C",
              t.id
          ) AS place
        FROM
          (
            SELECT
              p.technique_id,
              p.mitre_last_modified
            FROM posture p
            WHERE
              c.count >= r.min_count
              AND p.organization_id = r.organization_id
              AND p.in_force
              AND p.status_global <> 'not_applicable'
              AND p.mitre_last_modified >= $4::timestamptz - make_interval(secs => r.lookback_days * 86400.0)
            ORDER BY p.mitre_last_modified DESC
            FETCH FIRST 20 ROWS
            WITH TIES
          ) newest
          JOIN technique t ON t.id = newest.technique_id
      ) x
    WHERE x.place <= 20
  ) e
  LEFT JOIN LATERAL (
    SELECT
      string_agg(
        domain || ' ' || last_change_release,
        ', '
        ORDER BY domain
      ) AS release
    FROM
      (
        SELECT DISTINCT
          ON (t.domain) t.domain,
          t.last_change_release
        FROM
          posture p
          JOIN technique t ON t.id = p.technique_id
        WHERE
          r.once_per_release
          AND c.count >= r.min_count
          AND t.last_change_release IS NOT NULL
          AND p.organization_id = r.organization_id
          AND p.in_force
          AND p.status_global <> 'not_applicable'
          AND p.mitre_last_modified >= $4::timestamptz - make_interval(secs => r.lookback_days * 86400.0)
        ORDER BY
          t.domain,
          string_to_array(t.last_change_release, '.')::int[] DESC
      ) newest
  ) o ON true
ORDER BY r.ord;
