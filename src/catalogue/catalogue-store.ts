import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { queryRows } from '../database/index.js';
import { CatalogueImport } from './catalogue-import.entity.js';
import type { LastChangeKind } from './last-change-kind.js';
import type { CatalogueTechnique } from './plan-import.js';
import type { CatalogueSlice, SliceTactic } from './stix/catalogue-slice.js';

/** The advisory lock of imports into the catalogue. The number only has to be unique in the database. */
const IMPORT_LOCK = 7_305_441_904;

const TECHNIQUE_FACTS = {
  id: 'uuid',
  attackId: 'text',
  name: 'text',
  domain: 'text',
  isSubtechnique: 'boolean',
  parentId: 'uuid',
  tactics: 'text[]',
  platforms: 'text[]',
  techniqueVersion: 'text',
  mitreCreated: 'timestamptz',
  mitreLastModified: 'timestamptz',
  mitreModifiedRaw: 'timestamptz',
  contentHash: 'text',
  isRevoked: 'boolean',
  isDeprecated: 'boolean',
  revokedById: 'uuid',
  replacedById: 'uuid',
} as const satisfies Record<keyof CatalogueTechnique, string>;

const PROPERTIES = Object.keys(TECHNIQUE_FACTS);
const COLUMNS = PROPERTIES.map((property) => property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));

/** The SQL statements of an import. Each works on all rows at once, in the caller's transaction. */
@Injectable()
export class CatalogueStore {
  /**
   * Waits until other imports and the creation of organisations have ended, so that no organisation misses the posture
   * rows of a new technique. It locks the table first: a transaction that creates an organisation and then imports
   * already holds that lock, so the other order could deadlock.
   */
  async takeTurn(manager: EntityManager): Promise<void> {
    await manager.query('LOCK TABLE organization IN SHARE MODE');
    await manager.query('SELECT pg_advisory_xact_lock($1)', [IMPORT_LOCK]);
  }

  /** The release of the newest import of the domain that was not undone, or null. */
  async loadedVersion(manager: EntityManager, domain: string): Promise<string | null> {
    const [row] = await queryRows<{ attack_version: string }>(
      manager,
      'SELECT attack_version FROM catalogue_import WHERE domain = $1 AND undone_at IS NULL ORDER BY created_at DESC, id DESC LIMIT 1',
      [domain],
    );
    return row?.attack_version ?? null;
  }

  /** The techniques to compare with the slice: all of its domain, and any others with an id from the slice. */
  async techniques(manager: EntityManager, { domain, techniques }: CatalogueSlice): Promise<CatalogueTechnique[]> {
    return queryRows<CatalogueTechnique>(
      manager,
      `SELECT ${PROPERTIES.map((property, index) => `${COLUMNS[index]} AS "${property}"`).join(', ')}
       FROM technique WHERE domain = $1 OR id = ANY($2::uuid[])`,
      [domain, techniques.map(({ id }) => id)],
    );
  }

  async writeTechniques(
    manager: EntityManager,
    rows: readonly CatalogueTechnique[],
    attackVersion: string,
    now: Date,
  ): Promise<void> {
    if (rows.length === 0) return;
    const overwritten = COLUMNS.filter((column) => column !== 'id').map((column) => `${column} = excluded.${column}`);
    await manager.query(
      `INSERT INTO technique (${COLUMNS.join(', ')}, in_force, attack_version, created_at, updated_at)
       SELECT ${PROPERTIES.map((property) => `"${property}"`).join(', ')}, NOT ("isRevoked" OR "isDeprecated"), $2, $3, $3
       FROM jsonb_to_recordset($1::jsonb) AS fact (${Object.entries(TECHNIQUE_FACTS)
         .map(([property, type]) => `"${property}" ${type}`)
         .join(', ')})
       ORDER BY id
       ON CONFLICT (id) DO UPDATE SET ${overwritten.join(', ')}, in_force = excluded.in_force, attack_version = excluded.attack_version,
         updated_at = excluded.updated_at`,
      [JSON.stringify(rows), attackVersion, now],
    );
  }

  /** Stores how the release changed techniques. */
  async noteChanges(
    manager: EntityManager,
    changes: ReadonlyMap<string, LastChangeKind>,
    attackVersion: string,
  ): Promise<void> {
    await manager.query(
      `UPDATE technique t SET last_change_kind = c.kind, last_change_release = $3
       FROM unnest($1::uuid[], $2::text[]) AS c (id, kind) WHERE t.id = c.id`,
      [[...changes.keys()], [...changes.values()], attackVersion],
    );
  }

  /** Stores the release for techniques that it did not change. */
  async noteRelease(manager: EntityManager, ids: readonly string[], attackVersion: string): Promise<void> {
    await manager.query(
      'UPDATE technique SET attack_version = $2 WHERE id = ANY($1::uuid[]) AND attack_version <> $2',
      [ids, attackVersion],
    );
  }

  /** A tactic that is missing from the release stays, because missing techniques may refer to it. */
  async writeTactics(
    manager: EntityManager,
    domain: string,
    tactics: readonly SliceTactic[],
  ): Promise<{ added: number; changed: number }> {
    const rows = JSON.stringify(tactics.map(toTacticRow));
    const release = `jsonb_to_recordset($1::jsonb) AS r (id uuid, "attackId" text, shortname text, name text)`;
    // Tactics may swap short names, or a new one may take another's, so changed rows are deleted before any are
    // inserted.
    const replaced = await queryRows<{ id: string }>(
      manager,
      `DELETE FROM tactic t USING ${release}
       WHERE t.domain = $2 AND (t.id = r.id OR t.shortname = r.shortname)
         AND (t.id, t.attack_id, t.shortname, t.name) IS DISTINCT FROM (r.id, r."attackId", r.shortname, r.name)
       RETURNING t.id`,
      [rows, domain],
    );
    const written = await queryRows<{ id: string }>(
      manager,
      `INSERT INTO tactic (id, attack_id, domain, shortname, name) SELECT id, "attackId", $2, shortname, name FROM ${release}
       ON CONFLICT DO NOTHING RETURNING id`,
      [rows, domain],
    );
    const before = new Set(replaced.map(({ id }) => id));
    const changed = written.filter(({ id }) => before.has(id)).length;
    return { added: written.length - changed, changed };
  }

  async save(manager: EntityManager, record: CatalogueImport): Promise<void> {
    await manager.insert(CatalogueImport, record as never);
  }

  async saveResult(manager: EntityManager, importId: string, result: object): Promise<void> {
    await manager.query('UPDATE catalogue_import SET result = $2 WHERE id = $1', [importId, JSON.stringify(result)]);
  }

  /** @param undoneBy id of the user or API key that asked for it. */
  async noteUndone(manager: EntityManager, importId: string, undoneBy: string | null, now: Date): Promise<void> {
    await manager.query('UPDATE catalogue_import SET undone_at = $2, undone_by = $3 WHERE id = $1', [
      importId,
      now,
      undoneBy,
    ]);
  }

  /**
   * Sets the dates on which MITRE last changed techniques. The caller must update the copies in posture rows. Only the
   * generated demo may use it, because its catalogue is not shared with real data.
   */
  async setModifiedAsOf(manager: EntityManager, modified: ReadonlyMap<string, Date>): Promise<void> {
    await manager.query(
      `UPDATE technique t SET mitre_last_modified = c.at, mitre_modified_raw = c.at FROM unnest($1::uuid[], $2::timestamptz[]) AS c (technique_id, at)
       WHERE t.id = c.technique_id`,
      [[...modified.keys()], [...modified.values()]],
    );
  }
}

function toTacticRow({ stixId, attackId, shortname, name }: SliceTactic): object {
  return { id: stixId.slice(stixId.lastIndexOf('--') + 2), attackId, shortname, name };
}
