import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { countChanged, queryRows } from '../../database/index.js';

/** The catalogue's import or undo behind a change of posture. */
export interface CatalogueChange {
  importId: string;
  now: Date;
}

/**
 * Gives posture rows what a relation of the same statement says, which must have locked them in the order of their keys. The relation has the columns
 * `organization_id`, `technique_id`, `status_global`, `last_review_date`, `risk_score`, `owner_id` and `tags`.
 * @param at SQL of the instant, such as `$3`. @param changeId SQL of the import behind it.
 */
export function updatePostureSql(relation: string, { at, changeId }: { at: string; changeId: string }): string {
  return `UPDATE posture p SET status_global = r.status_global, last_review_date = r.last_review_date, risk_score = r.risk_score,
      owner_id = r.owner_id, tags = r.tags, version = p.version + 1, valid_from = ${at}, change_source = 'catalogue', change_id = ${changeId}
    FROM ${relation} r WHERE p.organization_id = r.organization_id AND p.technique_id = r.technique_id`;
}

/** Which posture rows there are, and the facts of the catalogue that each of them copies. */
@Injectable()
export class PostureRows {
  /**
   * Gives every organisation a posture row for each new technique, and each row the catalogue's facts that are copied there.
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
    // Rows are locked in the order in which writers of posture lock theirs, so that neither waits for the other for ever.
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

  /** Removes the rows of techniques that leave the catalogue, in every organisation. */
  async remove(manager: EntityManager, techniqueIds: readonly string[]): Promise<void> {
    await manager.query('DELETE FROM posture WHERE technique_id = ANY ($1::uuid[])', [techniqueIds]);
  }
}
