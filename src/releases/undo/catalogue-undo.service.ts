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

/** What undoing an import did. */
export interface UndoneCatalogueImport {
  id: string;
  domain: AttackDomain;
  /** The release that was taken out. */
  attack_version: string;
  /** The release that is loaded now; null where the domain has none any more. */
  loaded_attack_version: string | null;
  /** ISO 8601 UTC. */
  undone_at: string;
  /** Techniques that are as they were before the import, and were not. */
  techniques_restored: number;
  /** Techniques that the import had added, and that are gone. */
  techniques_removed: number;
  /** Techniques that the import had added, and that stay out of force because an organisation has set something of them since. */
  techniques_kept: number;
  /** Replacements whose posture is as it was before the import carried another's over, over all organisations. */
  posture_put_back: number;
  /** Replacements that stay as they are, because somebody has changed them since. */
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
   * The catalogue is as it was before the import, and so is what the import gave anybody's posture and nobody has changed since.
   * @throws DomainError `not_found`; `conflict` when it was undone already, when a newer import of the domain stands, or when nothing was kept to undo it by.
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
  const what = `the import of ATT&CK ${made.attack_version} of ${made.domain}`;
  if (made.undone_at) throw conflict(`${what} was undone on ${made.undone_at.toISOString()} already`);
  if (made.newer_version !== null)
    throw conflict(`${what} is not the newest of its domain: undo the one of ${made.newer_version} first`);
  if (addedIds === null) throw conflict(`${what} was made before imports could be undone`);
}
