import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { countChanged, queryRows } from '../database/index.js';

/** Stores the catalogue of a domain before an import, and restores it when the import is undone. */
@Injectable()
export class CatalogueImages {
  /** Call it after the import is saved, and before any row of the domain is written. */
  async keep(manager: EntityManager, importId: string, domain: string, addedIds: readonly string[]): Promise<void> {
    await manager.query(
      `INSERT INTO catalogue_before_image (import_id, techniques, tactics, added_ids)
       VALUES ($1, (SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM technique t WHERE t.domain = $2),
         (SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]') FROM tactic t WHERE t.domain = $2), $3)`,
      [importId, domain, addedIds],
    );
  }

  /** The techniques that the import added; null if the import has no before-image. */
  async addedIds(manager: EntityManager, importId: string): Promise<string[] | null> {
    const [image] = await queryRows<{ added_ids: string[] }>(
      manager,
      'SELECT added_ids FROM catalogue_before_image WHERE import_id = $1',
      [importId],
    );
    return image?.added_ids ?? null;
  }

  /** @returns the ids of the techniques that differed and were restored. */
  async restore(manager: EntityManager, importId: string, domain: string): Promise<string[]> {
    const columns = await queryRows<{ name: string }>(
      manager,
      `SELECT quote_ident(attname) AS name FROM pg_attribute WHERE attrelid = 'technique'::regclass AND attnum > 0 AND NOT attisdropped AND attname <> 'id'`,
    );
    const names = columns.map(({ name }) => name);
    const of = (alias: string): string => names.map((name) => `${alias}.${name}`).join(', ');
    const restored = await queryRows<{ id: string }>(
      manager,
      `UPDATE technique t SET (${names.join(', ')}) = ROW(${of('b')})
       FROM catalogue_before_image i CROSS JOIN LATERAL jsonb_populate_recordset(NULL::technique, i.techniques) b
       WHERE i.import_id = $1 AND t.id = b.id AND (${of('t')}) IS DISTINCT FROM (${of('b')})
       RETURNING t.id`,
      [importId],
    );
    await manager.query('DELETE FROM tactic WHERE domain = $1', [domain]);
    await manager.query(
      `INSERT INTO tactic SELECT b.* FROM catalogue_before_image i CROSS JOIN LATERAL jsonb_populate_recordset(NULL::tactic, i.tactics) b WHERE i.import_id = $1`,
      [importId],
    );
    return restored.map(({ id }) => id);
  }

  /** Removes techniques whose posture rows are gone. */
  async remove(manager: EntityManager, ids: readonly string[]): Promise<void> {
    await manager.query('DELETE FROM technique WHERE id = ANY ($1::uuid[])', [ids]);
  }

  /** Takes techniques out of force that no loaded release has, but that stay because an organisation has used them. */
  async retire(manager: EntityManager, ids: readonly string[], now: Date): Promise<number> {
    return countChanged(
      manager,
      'UPDATE technique SET is_deprecated = true, in_force = false, updated_at = $2 WHERE id = ANY ($1::uuid[])',
      [ids, now],
    );
  }
}
