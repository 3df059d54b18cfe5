import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { countChanged, queryRows } from '../database/index.js';
import { CatalogueImport } from './catalogue-import.entity.js';
import type { LastChangeKind } from './last-change-kind.js';
import type { CatalogueTechnique } from './plan-import.js';
import type { CatalogueSlice, SliceTactic } from './stix/catalogue-slice.js';

/** Any number that no other program locks on; it stands for "importing into the catalogue". */
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

/** The statements of an import. Each works on all rows at once, in the caller's transaction. */
@Injectable()
export class CatalogueStore {
  /**
   * Waits for other imports to end, and for organisations that are being created, so that none of them misses the posture rows of a new technique. The
   * table is locked first: whoever creates an organisation and then imports holds that lock already, and may wait for nobody who waits for it.
   */
  async takeTurn(manager: EntityManager): Promise<void> {
    await manager.query('LOCK TABLE organization IN SHARE MODE');
    await manager.query('SELECT pg_advisory_xact_lock($1)', [IMPORT_LOCK]);
  }

  /** The release of the domain that was imported last and not undone, or null. */
  async loadedVersion(manager: EntityManager, domain: string): Promise<string | null> {
    const [row] = await queryRows<{ attack_version: string }>(
      manager,
      'SELECT attack_version FROM catalogue_import WHERE domain = $1 AND undone_at IS NULL ORDER BY created_at DESC, id DESC LIMIT 1',
      [domain],
    );
    return row?.attack_version ?? null;
  }

  /** The techniques that the slice is compared with: all of its domain, and whatever else has an id of it. */
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

  /** Notes how the release changed techniques. */
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

  /** Notes that techniques which did not change were read from this release too. */
  async noteRelease(manager: EntityManager, ids: readonly string[], attackVersion: string): Promise<void> {
    await manager.query(
      'UPDATE technique SET attack_version = $2 WHERE id = ANY($1::uuid[]) AND attack_version <> $2',
      [ids, attackVersion],
    );
  }

  /** A tactic that the release does not have any more stays: techniques that it does not have either may refer to it. */
  async writeTactics(
    manager: EntityManager,
    domain: string,
    tactics: readonly SliceTactic[],
  ): Promise<{ added: number; changed: number }> {
    const rows = JSON.stringify(tactics.map(toTacticRow));
    const release = `jsonb_to_recordset($1::jsonb) AS r (id uuid, "attackId" text, shortname text, name text)`;
    // Two tactics may swap their short names, and a new one may take over another's, so that what differs goes before anything comes.
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

  /**
   * Gives every organisation a posture row for each new technique, and each row the catalogue's facts that are copied there.
   * @returns whether anything changed that a rule could measure.
   */
  async bringPostureInStep(
    manager: EntityManager,
    addedIds: readonly string[],
    writtenIds: readonly string[],
    { importId, now }: { importId: string; now: Date },
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

  async save(manager: EntityManager, record: CatalogueImport): Promise<void> {
    await manager.insert(CatalogueImport, record as never);
  }

  async saveResult(manager: EntityManager, importId: string, result: object): Promise<void> {
    await manager.query('UPDATE catalogue_import SET result = $2 WHERE id = $1', [importId, JSON.stringify(result)]);
  }
}

function toTacticRow({ stixId, attackId, shortname, name }: SliceTactic): object {
  return { id: stixId.slice(stixId.lastIndexOf('--') + 2), attackId, shortname, name };
}
