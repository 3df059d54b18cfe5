import { queryRows, type SqlRunner } from '../../database/index.js';

/**
 * Since when the history of the organisation's posture is complete; null without posture. A technique that an ATT&CK
 * release added does not count as missing before that release.
 */
export async function knownSince(runner: SqlRunner, organizationId: string): Promise<Date | null> {
  const [known] = await queryRows<{ since: Date | null }>(
    runner,
    `SELECT coalesce(max(began) FILTER (WHERE NOT is_new_technique), min(began)) AS since FROM (
       SELECT coalesce(h.valid_from, p.valid_from) AS began,
         coalesce(h.version, p.version) = 1 AND coalesce(h.change_source, p.change_source) = 'catalogue' AS is_new_technique
       FROM posture p LEFT JOIN LATERAL (
         SELECT h.valid_from, h.version, h.change_source FROM posture_history h
         WHERE h.organization_id = p.organization_id AND h.technique_id = p.technique_id ORDER BY h.valid_from, h.version LIMIT 1
       ) h ON true
       WHERE p.organization_id = $1
     ) first_version`,
    [organizationId],
  );
  return known!.since;
}
