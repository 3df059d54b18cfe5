import { Injectable } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { Environment } from '../../config/index.js';
import { Transactions } from '../../database/index.js';
import type { ChangeKind } from './change-kind.js';

/** Under a stream of changes an evaluation waits no longer than this, whatever the debounce. */
const LONGEST_WAIT_MS = 2_000;

/**
 * Marks organisations whose posture changed, in the transaction of the change, so that the mark survives whatever happens to this process; and wakes this
 * process's own evaluation after the commit.
 */
@Injectable()
export class PostureChanges {
  private readonly committedChanges = new Subject<void>();

  constructor(
    private readonly transactions: Transactions,
    private readonly clock: Clock,
    private readonly environment: Environment,
  ) {}

  /** Emits after each committed change of this process. */
  get committed(): Observable<void> {
    return this.committedChanges.asObservable();
  }

  /** @param organizationIds the organisations that changed, or `all` for a change of the shared catalogue. */
  async mark(manager: EntityManager, organizationIds: readonly string[] | 'all', kind: ChangeKind): Promise<void> {
    const now = this.clock.now();
    const source = organizationIds === 'all' ? 'SELECT id FROM organization' : 'SELECT unnest($4::uuid[])';
    await manager.query(
      `INSERT INTO posture_change AS c (organization_id, kinds, first_changed_at, due_at)
       SELECT changed.id, ARRAY[$1::text], $2::timestamptz, $2::timestamptz + $3 * interval '1 millisecond' FROM (${source}) changed (id)
       ON CONFLICT (organization_id) DO UPDATE SET
         kinds = CASE WHEN excluded.kinds <@ c.kinds THEN c.kinds ELSE c.kinds || excluded.kinds END,
         due_at = greatest(c.due_at, least(excluded.due_at, c.first_changed_at + interval '${LONGEST_WAIT_MS} milliseconds'))`,
      [kind, now, this.environment.VEDETTE_CHANGE_DEBOUNCE_MS, ...(organizationIds === 'all' ? [] : [organizationIds])],
    );
    this.transactions.afterCommit(manager, () => this.committedChanges.next());
  }
}
