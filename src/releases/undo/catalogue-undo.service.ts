import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { CatalogueImages, CatalogueStore } from '../../catalogue/index.js';
import type { AttackDomain } from '../../catalogue/words/index.js';
import { Clock } from '../../common/clock.js';
import { conflict, notFound } from '../../common/errors/index.js';
import { isUuid } from '../../common/ids.js';
import { queryRows, Transactions } from '../../database/index.js';
import { PostureChanges, PostureRows } from '../../posture/index.js';
import { putBack, touchedTechniques } from '../carry-over/carry-over.js';

/** The result of undoing an import. */
export interface UndoneCatalogueImport {
  id: string;
  domain: AttackDomain;
  /** The release that was removed. */
  attack_version: string;
  /** The release that is loaded now; null if the domain has none. */
  loaded_attack_version: string | null;
  /** ISO 8601 UTC. */
  undone_at: string;
  /** Techniques that were restored to their state from before the import. */
  techniques_restored: number;
  /** Techniques that the import had added and that were removed. */
  techniques_removed: number;
  /** Techniques that the import had added and that stay, out of force, because an organisation has used them. */
  techniques_kept: number;
  /** Replacements whose posture was restored to its state from before the carry-over, over all organisations. */
  posture_put_back: number;
  /** Replacements whose posture stays, because it was changed after the import. */
  posture_kept: number;
}

interface MadeImport {
  id: string;
  domain: AttackDomain;
  attack_version: string;
  undone_at: Date | null;
  newer_version: string | null;
}

/** Undoes the newest import of a domain, in one transaction. */
@Injectable()
export class CatalogueUndo {
  constructor(
    private readonly transactions: Transactions,
    private readonly store: CatalogueStore,
    private readonly images: CatalogueImages,
    private readonly postureRows: PostureRows,
    private readonly changes: PostureChanges,
    private readonly clock: Clock,
  ) {}

  /**
   * Restores the catalogue, and takes back the carried-over posture that was not changed since.
   * @throws DomainError `not_found`; `conflict` if it is already undone, a newer import of the domain exists, or its
   * before-image is missing.
   */
  async undo(importId: string, actorId: string | null): Promise<UndoneCatalogueImport> {
    return this.transactions.run(async (manager) => {
      await this.store.takeTurn(manager);
      const made = await this.find(manager, importId);
      const addedIds = await this.images.addedIds(manager, made.id);
      refuseUnlessNewest(made, addedIds);
      const now = this.clock.now();
      const carried = await putBack(manager, { importId: made.id, now });
      const touched = new Set(await touchedTechniques(manager, addedIds!));
      const [kept, gone] = [addedIds!.filter((id) => touched.has(id)), addedIds!.filter((id) => !touched.has(id))];
      const restored = await this.images.restore(manager, made.id, made.domain);
      await this.postureRows.remove(manager, gone);
      await this.images.remove(manager, gone);
      await this.images.retire(manager, kept, now);
      await this.postureRows.followCatalogue(manager, [], [...restored, ...kept], { importId: made.id, now });
      await this.changes.mark(manager, 'all', 'catalogue');
      await this.store.noteUndone(manager, made.id, actorId, now);
      return {
        id: made.id,
        domain: made.domain,
        attack_version: made.attack_version,
        loaded_attack_version: await this.store.loadedVersion(manager, made.domain),
        undone_at: now.toISOString(),
        techniques_restored: restored.length,
        techniques_removed: gone.length,
        techniques_kept: kept.length,
        posture_put_back: carried.putBack,
        posture_kept: carried.stayed,
      };
    });
  }

  private async find(manager: EntityManager, importId: string): Promise<MadeImport> {
    const [made] = isUuid(importId)
      ? await queryRows<MadeImport>(
          manager,
          `SELECT i.id, i.domain, i.attack_version, i.undone_at, (
             SELECT n.attack_version FROM catalogue_import n
             WHERE n.domain = i.domain AND n.undone_at IS NULL AND (n.created_at, n.id) > (i.created_at, i.id) ORDER BY n.created_at DESC, n.id DESC LIMIT 1
           ) AS newer_version
           FROM catalogue_import i WHERE i.id = $1`,
          [importId],
        )
      : [];
    if (!made) throw notFound('import', importId);
    return made;
  }
}

function refuseUnlessNewest(made: MadeImport, addedIds: string[] | null): void {
  const name = `the import of ATT&CK ${made.attack_version} of ${made.domain}`;
  if (made.undone_at) throw conflict(`${name} was undone on ${made.undone_at.toISOString()} already`);
  if (made.newer_version !== null) {
    throw conflict(`${name} is not the newest of its domain: undo the one of ${made.newer_version} first`);
  }
  if (addedIds === null) throw conflict(`${name} was made before imports could be undone`);
}
