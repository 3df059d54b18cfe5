import { queryRows, type SqlRunner } from '../database/index.js';

/** The domains with techniques in the catalogue, each with the release of its last import. */
export async function loadedReleases(runner: SqlRunner): Promise<{ domain: string; attackVersion: string | null }[]> {
  return queryRows(
    runner,
    `SELECT t.domain, (SELECT i.attack_version FROM catalogue_import i WHERE i.domain = t.domain ORDER BY i.created_at DESC, i.id DESC LIMIT 1)
       AS "attackVersion"
     FROM (SELECT DISTINCT domain FROM technique) t ORDER BY t.domain`,
  );
}
