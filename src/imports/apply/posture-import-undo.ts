import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { queryRows, Transactions } from '../../database/index.js';
import { PostureWriter, type PostureWrite } from '../../posture/index.js';
import type { PlannedChange, PostureImage } from '../plan/plan-posture-import.js';
import { PostureImportStore, type StoredChange } from '../store/posture-import-store.js';
import type { PostureImport } from '../store/posture-import.entity.js';
import { changedFields, isSameValue } from './changed-fields.js';
import { takeImport } from './take-import.js';

export interface UndoneImport {
  run: PostureImport;
  restored: number;
  /** Techniques that were changed again after the import. They stay as they are. */
  skipped: StoredChange[];
}

/** Undoes applied imports, each in one transaction. */
@Injectable()
export class PostureImportUndo {
  constructor(
    private readonly transactions: Transactions,
    private readonly store: PostureImportStore,
    private readonly writer: PostureWriter,
    private readonly clock: Clock,
  ) {}

  /**
   * Restores the posture from before the import. It skips a technique if a field that the import changed has been
   * changed again.
   * @throws DomainError `invalid_transition` unless the import is applied.
   */
  async undo(organizationId: string, id: string, actorId: string | null): Promise<UndoneImport> {
    return this.transactions.run(async (manager) => {
      const transition = { from: 'applied', to: 'undone', now: this.clock.now() } as const;
      const run = await takeImport(manager, organizationId, id, transition);
      const changes = await this.store.changes(manager, organizationId, id);
      const current = await this.currentImages(manager, organizationId, changes);
      const [restorable, skipped] = partition(changes, (change) =>
        isUntouched(change, current.get(change.techniqueId)),
      );
      const members = await this.activeOwners(manager, organizationId, restorable);
      const writes = restorable.map((change) => toRestore(change, members));
      await this.writer.write(manager, organizationId, writes, { actorId, source: 'undo', changeId: id });
      const restoredIds = restorable.map(({ techniqueId }) => techniqueId);
      await this.store.saveUndoOutcomes(manager, organizationId, id, restoredIds);
      const now = this.clock.now();
      const undone = { status: 'undone', undoneBy: actorId, undoneAt: now, updatedAt: now, settledAt: now } as const;
      return { run: await manager.save(Object.assign(run, undone)), restored: restorable.length, skipped };
    });
  }

  private async currentImages(
    manager: EntityManager,
    organizationId: string,
    changes: readonly PlannedChange[],
  ): Promise<Map<string, PostureImage>> {
    const ids = changes.map(({ techniqueId }) => techniqueId);
    await this.writer.lock(manager, organizationId, ids);
    const rows = await queryRows<PostureImage & { techniqueId: string }>(
      manager,
      `SELECT technique_id AS "techniqueId", status_global AS "statusGlobal", last_review_date AS "lastReviewDate", risk_score AS "riskScore",
         owner_id AS "ownerId", tags
       FROM posture WHERE organization_id = $1 AND technique_id = ANY ($2::uuid[])`,
      [organizationId, ids],
    );
    return new Map(rows.map(({ techniqueId, ...image }) => [techniqueId, image]));
  }

  /** The earlier owners who are still active members. The others cannot own anything again. */
  private async activeOwners(
    manager: EntityManager,
    organizationId: string,
    changes: readonly PlannedChange[],
  ): Promise<Set<string>> {
    const ownerIds = changes.flatMap(({ before }) => before.ownerId ?? []);
    const rows = await queryRows<{ id: string }>(
      manager,
      'SELECT user_id AS id FROM membership WHERE organization_id = $1 AND user_id = ANY ($2::uuid[]) AND is_active',
      [organizationId, ownerIds],
    );
    return new Set(rows.map(({ id }) => id));
  }
}

function toRestore({ techniqueId, before, after }: PlannedChange, activeOwners: ReadonlySet<string>): PostureWrite {
  const restored = changedFields(after, before);
  const ownerHasLeft = restored.ownerId && !activeOwners.has(restored.ownerId);
  return { techniqueId, ...restored, ...(ownerHasLeft ? { ownerId: null } : {}) };
}

/** Whether each field that the import changed still has the value from the import. */
function isUntouched({ before, after }: PlannedChange, current: PostureImage | undefined): boolean {
  if (!current) return false;
  return Object.entries(changedFields(before, after)).every(([field, value]) =>
    isSameValue(value, current[field as keyof PostureImage]),
  );
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
