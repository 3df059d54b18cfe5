import type { PostureReader } from '../../posture/index.js';
import { evidenceSince } from './coverage-regression.evidence.js';

/**
 * The parameters are parallel arrays of organisations, `min_drop_pct`, `window_days` and `min_drop_from_peak_pct`, then
 * the instant. The result is one {@link CoverageRegressionRow} for each rule, in their order.
 *
 * Drops are subtracted as `numeric`: in binary floating point, 53.69 - 48.69 is not quite 5.
 */
export function coverageRegressionStatement({ relations }: PostureReader): string {
  return `
    SELECT to_char(current.snapshot_date, 'YYYY-MM-DD') AS current_date, current.coverage_pct AS current_pct, current.attack_versions AS current_versions,
      to_char(previous.snapshot_date, 'YYYY-MM-DD') AS previous_date, previous.coverage_pct AS previous_pct, previous.attack_versions AS previous_versions,
      basis.baseline_pct, drop.points::float8 AS drop_pct, coalesce(drop.is_reached, false) AS drop_reached,
      to_char(peak.snapshot_date, 'YYYY-MM-DD') AS peak_date, peak.pct::float8 AS peak_pct, drop.from_peak::float8 AS drop_from_peak_pct,
      coalesce(drop.is_peak_reached, false) AS peak_reached, evidence.tactics, evidence.techniques, coalesce(evidence.techniques_count, 0) AS techniques_count,
      coalesce(evidence.has_statuses, false) AS has_statuses,
      ${other(relations.snapshot)} AS other_date
    FROM unnest($1::uuid[], $2::float8[], $3::int[], $4::float8[])
      WITH ORDINALITY AS r (organization_id, min_drop_pct, window_days, min_drop_from_peak_pct, ord)
    LEFT JOIN LATERAL (
      SELECT * FROM ${relations.snapshot} s WHERE s.organization_id = r.organization_id AND s.snapshot_date <= ($5::timestamptz AT TIME ZONE 'UTC')::date
      ORDER BY s.snapshot_date DESC LIMIT 1
    ) current ON true
    LEFT JOIN LATERAL (
      SELECT * FROM (
        SELECT * FROM ${relations.snapshot} s
        WHERE s.organization_id = r.organization_id AND s.snapshot_date < current.snapshot_date AND ${countedAlike('s', 'current')}
        ORDER BY s.snapshot_date DESC LIMIT 1
      ) s
      WHERE ${isOnSameRelease('s', 'current')}
    ) previous ON true
    CROSS JOIN LATERAL (
      SELECT CASE WHEN ${hasBaseline('previous', 'current')} THEN current.baseline_pct ELSE previous.coverage_pct END AS baseline_pct
    ) basis
    LEFT JOIN LATERAL ${peak(relations.snapshot)} peak ON previous.snapshot_date IS NOT NULL
    CROSS JOIN LATERAL (
      SELECT points, from_peak, points >= r.min_drop_pct::numeric AS is_reached,
        from_peak >= coalesce(r.min_drop_from_peak_pct, r.min_drop_pct)::numeric AS is_peak_reached
      FROM (SELECT basis.baseline_pct::numeric - current.coverage_pct::numeric AS points, peak.pct - current.coverage_pct::numeric AS from_peak) d
    ) drop
    LEFT JOIN LATERAL (
      SELECT since.taken_at IS NOT NULL AND current.taken_at IS NOT NULL AS has_statuses, found.*
      FROM (
        SELECT previous.taken_at, ${hasBaseline('previous', 'current')} AS is_restated,
          CASE WHEN ${hasBaseline('previous', 'current')} THEN current.baseline_tactics ELSE previous.tactics END AS tactics
        WHERE drop.is_reached
        UNION ALL
        SELECT peak.taken_at, true, CASE WHEN peak.attack_versions = current.attack_versions THEN peak.tactics END
        WHERE drop.is_reached IS NOT TRUE AND drop.is_peak_reached
      ) since
      CROSS JOIN LATERAL ${evidenceSince(relations)} found
    ) evidence ON true
    ORDER BY r.ord`;
}

/** The date of the snapshot before the newest if that snapshot is not comparable. */
function other(snapshot: string): string {
  return `CASE WHEN previous.snapshot_date IS NULL THEN (
        SELECT to_char(max(s.snapshot_date), 'YYYY-MM-DD') FROM ${snapshot} s WHERE s.organization_id = r.organization_id AND s.snapshot_date < current.snapshot_date
      ) END`;
}

function countedAlike(a: string, b: string): string {
  return `${a}.rollup = ${b}.rollup AND ${a}.formula_version = ${b}.formula_version AND ${a}.scope IS NOT DISTINCT FROM ${b}.scope`;
}

/** Whether `newer` keeps the coverage of `older` restated on its own ATT&CK release. */
function hasBaseline(older: string, newer: string): string {
  return `(${older}.attack_versions IS NOT NULL AND coalesce(${newer}.baseline_date = ${older}.snapshot_date, false))`;
}

/** An imported snapshot has no known releases. It counts as comparable with every release. */
function isOnSameRelease(older: string, newer: string): string {
  return `(${hasBaseline(older, newer)} OR ${older}.attack_versions IS NULL OR ${newer}.attack_versions IS NULL OR ${older}.attack_versions = ${newer}.attack_versions)`;
}

/**
 * The highest coverage of the window, restated on the ATT&CK release of the newest snapshot: each later taxonomy delta
 * is added. Snapshots before one that cannot be restated are left out.
 */
function peak(snapshot: string): string {
  return `(
      SELECT snapshot_date, taken_at, attack_versions, tactics, pct FROM (
        SELECT n.*, n.coverage_pct::numeric + coalesce(sum(n.taxonomy) OVER later, 0) AS pct, coalesce(bool_or(n.is_broken) OVER later, false) AS is_cut_off
        FROM (
          SELECT s.*, o.snapshot_date IS NOT NULL AND NOT ${isOnSameRelease('o', 's')} AS is_broken,
            CASE WHEN ${hasBaseline('o', 's')} THEN s.baseline_pct::numeric - o.coverage_pct::numeric ELSE 0 END AS taxonomy
          FROM (
            SELECT s.snapshot_date, s.taken_at, s.attack_versions, s.tactics, s.coverage_pct, s.baseline_pct, s.baseline_date,
              lag(s.snapshot_date) OVER earlier AS older_date, lag(s.attack_versions) OVER earlier AS older_versions, lag(s.coverage_pct) OVER earlier AS older_pct
            FROM ${snapshot} s
            WHERE s.organization_id = r.organization_id AND s.snapshot_date BETWEEN current.snapshot_date - r.window_days AND current.snapshot_date
              AND ${countedAlike('s', 'current')}
            WINDOW earlier AS (ORDER BY s.snapshot_date)
          ) s
          CROSS JOIN LATERAL (SELECT s.older_date AS snapshot_date, s.older_versions AS attack_versions, s.older_pct AS coverage_pct) o
        ) n
        WINDOW later AS (ORDER BY n.snapshot_date ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
      ) x
      WHERE r.window_days > 0 AND NOT is_cut_off ORDER BY pct DESC, snapshot_date DESC LIMIT 1
    )`;
}
