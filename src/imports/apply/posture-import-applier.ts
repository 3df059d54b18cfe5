import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { DomainError, notFound } from '../../common/errors/index.js';
import { isUuid } from '../../common/ids.js';
import { queryRows, Transactions } from '../../database/index.js';
import { PostureWriter, type PostureWrite } from '../../posture/index.js';
import { standingOf, type ImportStatus } from '../store/import-status.js';
import { movedSince, type MovedTechnique } from './moved-since.js';
import type { PlannedChange, PostureImage } from '../plan/plan-posture-import.js';
import { PostureImportPlanner } from '../plan/posture-import-planner.js';
import { PostureImportStore, type StoredChange } from '../store/posture-import-store.js';
import { listsOf, overviewOf } from '../store/posture-import-summary.js';
import { PostureImport } from '../store/posture-import.entity.js';
import type { ConflictRule } from '../presets/preset-options.js';
import { fromStoredRead } from '../store/stored-read.js';

/** How many techniques an answer names that moved, or that were left as they are. */
const MAX_NAMED = 100;

export interface UndoneImport {
  run: PostureImport;
  restored: number;
  /** Techniques that somebody changed since: they stay as they are. */
  skipped: StoredChange[];
}

/** Applies imports and undoes them, each in one transaction. */
@Injectable()
export class PostureImportApplier {
  constructor(
    private readonly transactions: Transactions,
    private readonly planner: PostureImportPlanner,
    private readonly store: PostureImportStore,
    private readonly writer: PostureWriter,
    private readonly clock: Clock,
  ) {}

  /**
   * Writes all that the preview showed, or nothing.
   * @param replan whether to apply what the file means for the posture as it stands now, where that is not what the preview showed.
   * @throws DomainError `invalid_transition` unless it is previewed, `conflict` naming what moved since.
   */
  async apply(
    organizationId: string,
    id: string,
    { replan, actorId }: { replan: boolean; actorId: string | null },
  ): Promise<PostureImport> {
    return this.transactions.run(async (manager) => {
      const run = await this.take(manager, organizationId, id, 'previewed', 'applied');
      const read = fromStoredRead(run.read!);
      const rule = run.options.on_conflict as ConflictRule;
      const plan = await this.planner.plan(manager, organizationId, read.proposals, { rule, locks: true });
      const moved = movedSince(await this.store.changes(manager, organizationId, id), plan.changes);
      if (moved.length > 0 && !replan) throw postureMoved(moved);
      if (moved.length > 0) await this.store.replaceChanges(manager, organizationId, id, plan.changes);
      const origin = { actorId, source: 'import', changeId: id } as const;
      await this.writer.write(manager, organizationId, plan.changes.map(toWrite), origin);
      const now = this.clock.now();
      return manager.save(
        Object.assign(run, {
          status: 'applied',
          overview: overviewOf(read, plan),
          lists: listsOf(read, plan),
          read: null,
          appliedBy: actorId,
          appliedAt: now,
          updatedAt: now,
          settledAt: now,
        } satisfies Partial<PostureImport>),
      );
    });
  }

  /**
   * Puts back what was there before. A technique of which somebody has since changed what the import had changed is skipped.
   * @throws DomainError `invalid_transition` unless it is applied.
   */
  async undo(organizationId: string, id: string, actorId: string | null): Promise<UndoneImport> {
    return this.transactions.run(async (manager) => {
      const run = await this.take(manager, organizationId, id, 'applied', 'undone');
      const changes = await this.store.changes(manager, organizationId, id);
      const current = await this.currentImages(manager, organizationId, changes);
      const [restorable, skipped] = partition(changes, (change) =>
        stillStands(change, current.get(change.techniqueId)),
      );
      const members = await this.activeMembers(manager, organizationId, restorable);
      const writes = restorable.map((change) => toRestore(change, members));
      await this.writer.write(manager, organizationId, writes, { actorId, source: 'undo', changeId: id });
      const restoredIds = restorable.map(({ techniqueId }) => techniqueId);
      await this.store.noteUndone(manager, organizationId, id, restoredIds);
      const now = this.clock.now();
      const undone = { status: 'undone', undoneBy: actorId, undoneAt: now, updatedAt: now, settledAt: now } as const;
      return { run: await manager.save(Object.assign(run, undone)), restored: restorable.length, skipped };
    });
  }

  /** Locks the import, so that of two who act on it at once one wins. */
  private async take(
    manager: EntityManager,
    organizationId: string,
    id: string,
    from: ImportStatus,
    to: string,
  ): Promise<PostureImport> {
    const run = isUuid(id)
      ? await manager
          .createQueryBuilder(PostureImport, 'run')
          .addSelect(['run.read', 'run.lists'])
          .where({ organizationId, id })
          .setLock('pessimistic_write')
          .getOne()
      : null;
    if (!run) throw notFound('import', id);
    const { status } = standingOf(run, this.clock.now());
    if (status === from) return run;
    throw new DomainError(
      'invalid_transition',
      `an import that is ${status} cannot be ${to}: only one that is ${from}`,
      [],
      {
        current_status: status,
      },
    );
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

  /** Who left the organisation since cannot own anything again. */
  private async activeMembers(
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

function toWrite({ techniqueId, before, after }: PlannedChange): PostureWrite {
  return { techniqueId, ...changedFields(before, after) };
}

function toRestore({ techniqueId, before, after }: PlannedChange, members: ReadonlySet<string>): PostureWrite {
  const restored = changedFields(after, before);
  const isGone = restored.ownerId && !members.has(restored.ownerId);
  return { techniqueId, ...restored, ...(isGone ? { ownerId: null } : {}) };
}

/** The fields of `to` that are not as in `from`: an import says nothing of the others. */
function changedFields(from: PostureImage, to: PostureImage): Partial<PostureImage> {
  return Object.fromEntries(
    Object.entries(to).filter(([field, value]) => !isSame(value, from[field as keyof PostureImage])),
  );
}

function stillStands({ before, after }: PlannedChange, current: PostureImage | undefined): boolean {
  if (!current) return false;
  return Object.entries(changedFields(before, after)).every(([field, value]) =>
    isSame(value, current[field as keyof PostureImage]),
  );
}

function isSame(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.join() === b.join();
  return a instanceof Date && b instanceof Date ? a.getTime() === b.getTime() : a === b;
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

function postureMoved(moved: readonly MovedTechnique[]): DomainError {
  const [first] = moved;
  const more = moved.length > 1 ? ` and ${moved.length - 1} more` : '';
  return new DomainError(
    'conflict',
    `the posture moved since the preview (${first!.attack_id}${more}): preview the file again, or send replan true to apply what it means now`,
    [{ field: 'replan', message: 'must be true to apply to a posture that moved since the preview' }],
    { moved_total: moved.length, moved: moved.slice(0, MAX_NAMED) },
  );
}
