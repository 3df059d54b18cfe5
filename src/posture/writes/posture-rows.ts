import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { countChanged, queryRows } from '../../database/index.js';

/** The import into the catalogue, or its undo, that changes posture. */
export interface CatalogueChange {
  importId: string;
  now: Date;
}

/**
 * Builds an UPDATE that copies a relation of the same statement to posture rows. The relation must have locked the rows
 * in the order of their keys. Its columns are the keys and each column that the UPDATE sets from it.
 * @param at SQL of the instant, such as `$3`. @param changeId SQL of the id of the import.
 */
export function updatePostureSql(relation: string, { at, changeId }: { at: string; changeId: string }): string {
  return `UPDATE posture p SET status_global = r.status_global, last_review_date = r.last_review_date, risk_score = r.risk_score,
      owner_id = r.owner_id, tags = r.tags, version = p.version + 1, valid_from = ${at}, change_source = 'catalogue', change_id = ${changeId}
    FROM ${relation} r WHERE p.organization_id = r.organization_id AND p.technique_id = r.technique_id`;
}

/** Creates and removes posture rows, and updates the catalogue facts that they copy. */
@Injectable()
export class PostureRows {
  /**
   * Adds a posture row for each new technique to every organisation, and updates the catalogue facts in existing rows.
   * @returns whether anything changed that a rule could measure.
   */
  async followCatalogue(
    manager: EntityManager,
    addedIds: readonly string[],
    writtenIds: readonly string[],
    { importId, now }: CatalogueChange,
  ): Promise<boolean> {
    const [added] = await queryRows<{ in_force: boolean }>(
      manager,
      `WITH added AS (
         INSERT INTO posture (organization_id, technique_id, in_force, mitre_last_modified, updated_at, valid_from, change_source, change_id)
         SELECT o.id, t.id, t.in_force, t.mitre_last_modified, $2::timestamptz, $2::timestamptz, 'catalogue', $3
         FROM organization o CROSS JOIN technique t WHERE t.id = ANY($1::uuid[])
         ORDER BY o.id, t.id
         ON CONFLICT DO NOTHING
         RETURNING in_force
       )
       SELECT coalesce(bool_or(in_force), false) AS in_force FROM added`,
      [addedIds, now, importId],
    );
    // Locks rows in the same order as writers of posture, so that they cannot deadlock.
    const changed = await countChanged(
      manager,
      `WITH differing AS MATERIALIZED (
         SELECT p.organization_id, p.technique_id, t.in_force, t.mitre_last_modified
         FROM posture p JOIN technique t ON t.id = p.technique_id
         WHERE t.id = ANY($1::uuid[]) AND (p.in_force, p.mitre_last_modified) IS DISTINCT FROM (t.in_force, t.mitre_last_modified)
         ORDER BY p.organization_id, p.technique_id
         FOR NO KEY UPDATE OF p
       )
       UPDATE posture p SET in_force = d.in_force, mitre_last_modified = d.mitre_last_modified,
         version = p.version + 1, valid_from = $2, change_source = 'catalogue', change_id = $3
       FROM differing d WHERE p.organization_id = d.organization_id AND p.technique_id = d.technique_id`,
      [writtenIds, now, importId],
    );
    return added?.in_force === true || changed > 0;
  }

  /** Removes the rows of techniques that leave the catalogue, for every organisation. */
  async remove(manager: EntityManager, techniqueIds: readonly string[]): Promise<void> {
    await manager.query('DELETE FROM posture WHERE technique_id = ANY ($1::uuid[])', [techniqueIds]);
  }
}
