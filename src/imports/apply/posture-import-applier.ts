import { Injectable } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { DomainError } from '../../common/errors/index.js';
import { Transactions } from '../../database/index.js';
import { PostureWriter, type PostureWrite } from '../../posture/index.js';
import type { PlannedChange } from '../plan/plan-posture-import.js';
import { PostureImportPlanner } from '../plan/posture-import-planner.js';
import type { ConflictRule } from '../presets/preset-options.js';
import { PostureImportStore } from '../store/posture-import-store.js';
import { listsOf, overviewOf } from '../store/posture-import-summary.js';
import type { PostureImport } from '../store/posture-import.entity.js';
import { fromStoredRead } from '../store/stored-read.js';
import { changedFields } from './changed-fields.js';
import { movedSince, type MovedTechnique } from './moved-since.js';
import { takeImport } from './take-import.js';

/** The most techniques that an error names. */
const MAX_NAMED = 100;

/** Applies previewed imports, each in one transaction. */
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
   * Writes everything that the preview showed, or nothing.
   * @param replan whether to apply what the file means for the current posture, even where that differs from the
   * preview.
   * @throws DomainError `invalid_transition` unless the import is previewed, `conflict` naming the techniques that have
   * changed since.
   */
  async apply(
    organizationId: string,
    id: string,
    { replan, actorId }: { replan: boolean; actorId: string | null },
  ): Promise<PostureImport> {
    return this.transactions.run(async (manager) => {
      const transition = { from: 'previewed', to: 'applied', now: this.clock.now() } as const;
      const run = await takeImport(manager, organizationId, id, transition);
      const read = fromStoredRead(run.read!);
      const rule = run.options.on_conflict as ConflictRule;
      const plan = await this.planner.plan(manager, organizationId, read.proposals, { rule, locks: true });
      const moved = movedSince(await this.store.changes(manager, organizationId, id), plan.changes);
      if (moved.length > 0 && !replan) throw postureMoved(moved);
      if (moved.length > 0) await this.store.replaceChanges(manager, organizationId, id, plan.changes);
      const origin = { actorId, source: 'import', changeId: id } as const;
      await this.writer.write(manager, organizationId, plan.changes.map(toWrite), origin);
      // Read again: an overlapping import that was applied while this one waited for its locks must not look newer.
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
}

function toWrite({ techniqueId, before, after }: PlannedChange): PostureWrite {
  return { techniqueId, ...changedFields(before, after) };
}

function postureMoved(moved: readonly MovedTechnique[]): DomainError {
  const [first] = moved;
  const more = moved.length > 1 ? ` and ${moved.length - 1} more` : '';
  return new DomainError(
    'conflict',
    `the posture has changed since the preview (${first!.attack_id}${more}): preview the file again, or send replan true to apply what it means now`,
    [{ field: 'replan', message: 'must be true to apply to a posture that has changed since the preview' }],
    { moved_total: moved.length, moved: moved.slice(0, MAX_NAMED) },
  );
}
