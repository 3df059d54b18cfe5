import { Injectable } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import { DataSource, type EntityManager } from 'typeorm';
import { CLOCK_SLACK_MS } from '../../common/clock-slack.js';
import { Clock } from '../../common/clock.js';
import { Environment } from '../../config/index.js';
import { countChanged, queryRows, Transactions } from '../../database/index.js';
import type { ChangeKind } from './change-kind.js';

/** During a stream of changes, an evaluation waits no longer than this, whatever the debounce. */
const MAX_WAIT_MS = 2_000;

/** $1 now, $2 the largest number of organisations. Skips changes that another replica has locked. */
export const CLAIM_CHANGES = `
  DELETE FROM posture_change WHERE organization_id IN
    (SELECT organization_id FROM posture_change WHERE due_at <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
  RETURNING organization_id AS "organizationId", kinds`;

/** An organisation whose posture changed, claimed for an evaluation. */
export interface ClaimedChange {
  organizationId: string;
  kinds: ChangeKind[];
}

/**
 * Marks organisations whose posture changed, in the transaction of the change, so the mark survives a crash. After the
 * commit it wakes the evaluation of this process.
 */
@Injectable()
export class PostureChanges {
  private readonly committedChanges = new Subject<void>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly clock: Clock,
    private readonly environment: Environment,
  ) {}

  /** Emits after each committed change of this process. */
  get committed(): Observable<void> {
    return this.committedChanges.asObservable();
  }

  /** @param organizationIds the changed organisations, or `all` after a change of the shared catalogue. */
  async mark(manager: EntityManager, organizationIds: readonly string[] | 'all', kind: ChangeKind): Promise<void> {
    const now = this.clock.now();
    const source = organizationIds === 'all' ? 'SELECT id FROM organization' : 'SELECT unnest($4::uuid[])';
    await manager.query(
      `INSERT INTO posture_change AS c (organization_id, kinds, first_changed_at, due_at)
       SELECT changed.id, ARRAY[$1::text], $2::timestamptz, $2::timestamptz + $3 * interval '1 millisecond' FROM (${source}) changed (id)
       ON CONFLICT (organization_id) DO UPDATE SET
         kinds = CASE WHEN excluded.kinds <@ c.kinds THEN c.kinds ELSE c.kinds || excluded.kinds END,
         due_at = greatest(c.due_at, least(excluded.due_at, c.first_changed_at + interval '${MAX_WAIT_MS} milliseconds'))`,
      [kind, now, this.environment.VEDETTE_CHANGE_DEBOUNCE_MS, ...(organizationIds === 'all' ? [] : [organizationIds])],
    );
    this.transactions.afterCommit(manager, () => this.committedChanges.next());
  }

  /** Claims up to `limit` due changes, longest due first. If the transaction rolls back, they stay marked. */
  claim(manager: EntityManager, now: Date, limit: number): Promise<ClaimedChange[]> {
    return queryRows(manager, CLAIM_CHANGES, [now, limit]);
  }

  /** Makes every change due. Used when the clock was set back: changes could be due far too late. */
  async makeAllDue(now: Date): Promise<void> {
    await this.dataSource.query('UPDATE posture_change SET first_changed_at = $1, due_at = $1 WHERE due_at > $1', [
      now,
    ]);
  }

  /**
   * Makes changes due that wait for longer than any change can, because a clock that was ahead marked them.
   * @returns the number of changes.
   */
  makeLateDue(now: Date): Promise<number> {
    const longestMs = Math.max(this.environment.VEDETTE_CHANGE_DEBOUNCE_MS, MAX_WAIT_MS) + CLOCK_SLACK_MS;
    return countChanged(
      this.dataSource,
      'UPDATE posture_change SET first_changed_at = $1, due_at = $1 WHERE due_at > $2',
      [now, new Date(now.getTime() + longestMs)],
    );
  }

  /** When the next change is due; undefined when there is none. */
  async nextDueAt(): Promise<Date | undefined> {
    const [next] = await queryRows<{ due_at: Date }>(
      this.dataSource,
      'SELECT due_at FROM posture_change ORDER BY due_at LIMIT 1',
    );
    return next?.due_at;
  }
}
