import type { EntityManager } from 'typeorm';
import { DomainError, notFound } from '../../common/errors/index.js';
import { isUuid } from '../../common/ids.js';
import { standingOf, type ImportStatus } from '../store/import-status.js';
import { PostureImport } from '../store/posture-import.entity.js';

/**
 * Reads and locks an import that is about to change its status, so that of two simultaneous requests one wins.
 * @throws DomainError `not_found`; `invalid_transition` unless its status is `from`.
 */
export async function takeImport(
  manager: EntityManager,
  organizationId: string,
  id: string,
  { from, to, now }: { from: ImportStatus; to: ImportStatus; now: Date },
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
  const { status } = standingOf(run, now);
  if (status === from) return run;
  const message = `an import that is ${status} cannot be ${to}: only one that is ${from}`;
  throw new DomainError('invalid_transition', message, [], { current_status: status });
}
