import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { bestFirst } from '../../catalogue/words/index.js';
import { Clock } from '../../common/clock.js';
import { conflict, invalidField, notFound } from '../../common/errors/index.js';
import { isUuid, newId } from '../../common/ids.js';
import type { Page, PageRequest } from '../../common/pagination/index.js';
import { queryRows, sqlPage, Transactions, type SqlRunner, violatesConstraint } from '../../database/index.js';
import { isActiveMember, NOT_AN_ACTIVE_MEMBER } from '../../organizations/index.js';
import { PostureChanges } from '../../posture/index.js';
import type { RevalidationStatus, ReviewOutcome, TechniqueStatus } from '../../posture/words/index.js';
import { RevalidationItem } from './revalidation-item.entity.js';
import { ReviewOutcomes, type Review } from './review-outcomes.js';

/** An item with the names of its technique and assignee. */
export type QueueItem = Omit<
  RevalidationItem,
  'organizationId' | 'version' | 'validFrom' | 'updatedBy' | 'staleReviewDate'
> & {
  attackId: string;
  techniqueName: string;
  assigneeEmail: string | null;
};

export interface NewQueueItem {
  attackId: string;
  reason: string | null;
  assigneeId: string | null;
  dueAt: Date | null;
}

/** A property that is left out stays unchanged. */
export interface QueueItemChanges {
  status?: RevalidationStatus;
  /** Only with status `done`. */
  outcome?: ReviewOutcome;
  /** Only with an outcome; left out, now. */
  reviewedAt?: Date;
  reason?: string | null;
  assigneeId?: string | null;
  dueAt?: Date | null;
}

export interface QueueFilters {
  status?: RevalidationStatus;
  assigneeId?: string;
}

interface TechniqueToValidate {
  id: string;
  attackId: string;
  inForce: boolean;
  isRevoked: boolean;
  statusGlobal: TechniqueStatus;
  replacedByAttackId: string | null;
}

const UNFINISHED = `('pending', 'in_progress')`;
const UNFINISHED_INDEX = 'revalidation_item_unfinished_idx';

const SELECT_ITEMS = `
  SELECT q.id, q.technique_id AS "techniqueId", t.attack_id AS "attackId", t.name AS "techniqueName", q.status, q.reason, q.assignee_id AS "assigneeId",
    u.email AS "assigneeEmail", q.due_at AS "dueAt", q.created_by AS "createdBy", q.created_at AS "createdAt", q.updated_at AS "updatedAt",
    q.completed_at AS "completedAt", q.source, q.outcome, q.reviewed_at AS "reviewedAt"
  FROM revalidation_item q
  JOIN technique t ON t.id = q.technique_id
  LEFT JOIN user_account u ON u.id = q.assignee_id`;

/** The techniques of one organisation that wait for revalidation. */
@Injectable()
export class RevalidationQueueService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly changes: PostureChanges,
    private readonly outcomes: ReviewOutcomes,
    private readonly clock: Clock,
  ) {}

  /** Oldest first. */
  list(organizationId: string, filters: QueueFilters, page: PageRequest): Promise<Page<QueueItem>> {
    const matching = [organizationId, filters.status ?? null, filters.assigneeId ?? null];
    const where =
      'WHERE q.organization_id = $1 AND ($2::text IS NULL OR q.status = $2) AND ($3::uuid IS NULL OR q.assignee_id = $3)';
    return sqlPage<QueueItem>(
      this.dataSource,
      {
        counted: `revalidation_item q ${where}`,
        selected: `${SELECT_ITEMS} ${where}`,
        parameters: matching,
        keys: [
          ['q.created_at', 'timestamptz'],
          ['q.id', 'uuid'],
        ],
        direction: 'ASC',
        cursorOf: ({ createdAt, id }) => ({ key: createdAt.toISOString(), id }),
      },
      page,
    );
  }

  get(organizationId: string, id: string): Promise<QueueItem> {
    return this.find(this.dataSource, organizationId, id);
  }

  /**
   * @throws DomainError `conflict` if the technique already has an unfinished item; `invalid_input` if it is not in
   * scope.
   */
  async add(organizationId: string, input: NewQueueItem, actorId: string): Promise<QueueItem> {
    return this.transactions.run(async (manager) => {
      const technique = await this.techniqueInScope(manager, organizationId, input.attackId);
      await this.checkAssignee(manager, organizationId, input.assigneeId);
      const [added] = await queryRows<{ id: string }>(
        manager,
        `INSERT INTO revalidation_item (id, organization_id, technique_id, status, reason, assignee_id, due_at, created_by, created_at, updated_at, updated_by,
           valid_from)
         VALUES ($1, $2, $3, 'pending', $4, $5, $6, $7, $8, $8, $7, $8)
         ON CONFLICT (organization_id, technique_id) WHERE status IN ${UNFINISHED} DO NOTHING
         RETURNING id`,
        [newId(), organizationId, technique.id, input.reason, input.assigneeId, input.dueAt, actorId, this.clock.now()],
      );
      if (!added) throw alreadyQueued(technique.attackId);
      await this.changes.mark(manager, [organizationId], 'queue');
      return this.find(manager, organizationId, added.id);
    });
  }

  /**
   * Applies the changes. If the item is done with an outcome, the same transaction updates the technique's posture.
   * @throws DomainError `conflict` if another request changed the status meanwhile, or if a finished item would be
   * reopened while the technique has another unfinished one.
   */
  async change(organizationId: string, id: string, changes: QueueItemChanges, actorId: string): Promise<QueueItem> {
    try {
      return await this.transactions.run((manager) => this.changeIn(manager, organizationId, id, changes, actorId));
    } catch (error) {
      if (!violatesConstraint(error, UNFINISHED_INDEX)) throw error;
      const { attackId } = await this.find(this.dataSource, organizationId, id);
      throw alreadyQueued(attackId);
    }
  }

  private async changeIn(
    manager: EntityManager,
    organizationId: string,
    id: string,
    changes: QueueItemChanges,
    actorId: string,
  ): Promise<QueueItem> {
    const item = await this.find(manager, organizationId, id);
    const review = reviewOf(item, changes);
    const changed = differences(item, changes);
    if (Object.keys(changed).length === 0) return item;
    await this.checkAssignee(manager, organizationId, changed.assigneeId ?? null);
    const reviewedAt = review && (await this.outcomes.record(manager, organizationId, item, review, actorId));
    const now = this.clock.now();
    const finished =
      changed.status === undefined
        ? {}
        : {
            completedAt: isFinished(changed.status) ? now : null,
            outcome: review?.outcome ?? null,
            reviewedAt: reviewedAt ?? null,
          };
    const { affected } = await manager.update(
      RevalidationItem,
      { organizationId, id, ...(changed.status === undefined ? {} : { status: item.status }) },
      { ...changed, ...finished, ...newVersion(changed, now, actorId), updatedAt: now },
    );
    const current = await this.find(manager, organizationId, id);
    if (!affected) throw conflict(`the item became ${current.status} meanwhile: reload it before changing its status`);
    await this.changes.mark(manager, [organizationId], 'queue');
    return current;
  }

  private async find(runner: SqlRunner, organizationId: string, id: string): Promise<QueueItem> {
    const [item] = isUuid(id)
      ? await queryRows<QueueItem>(runner, `${SELECT_ITEMS} WHERE q.organization_id = $1 AND q.id = $2`, [
          organizationId,
          id,
        ])
      : [];
    if (!item) throw notFound('revalidation queue item', id);
    return item;
  }

  private async techniqueInScope(
    manager: EntityManager,
    organizationId: string,
    attackId: string,
  ): Promise<TechniqueToValidate> {
    const [technique] = await queryRows<TechniqueToValidate>(
      manager,
      `SELECT t.id, t.attack_id AS "attackId", t.in_force AS "inForce", t.is_revoked AS "isRevoked", p.status_global AS "statusGlobal",
         replacement.attack_id AS "replacedByAttackId"
       FROM technique t
       JOIN posture p ON p.organization_id = $1 AND p.technique_id = t.id
       LEFT JOIN technique replacement ON replacement.id = t.replaced_by_id
       WHERE t.attack_id = $2 ORDER BY ${bestFirst('t')} LIMIT 1`,
      [organizationId, attackId.toUpperCase()],
    );
    const problem = technique
      ? outOfScopeProblem(technique)
      : `must name a technique of the catalogue, which has no ${attackId.toUpperCase()}`;
    if (!technique || problem !== undefined) throw invalidField('attack_id', problem!);
    return technique;
  }

  private async checkAssignee(
    manager: EntityManager,
    organizationId: string,
    assigneeId: string | null,
  ): Promise<void> {
    if (assigneeId !== null && !(await isActiveMember(manager, organizationId, assigneeId))) {
      throw invalidField('assignee_id', NOT_AN_ACTIVE_MEMBER);
    }
  }
}

function isFinished(status: RevalidationStatus): boolean {
  return status === 'done' || status === 'cancelled';
}

/** The review in the changes, if there is one. A repeated review that is already recorded changes nothing. */
function reviewOf(item: QueueItem, { status, outcome, reviewedAt }: QueueItemChanges): Review | undefined {
  if (outcome === undefined) {
    if (reviewedAt) throw invalidField('reviewed_at', 'is only allowed together with an outcome');
    return undefined;
  }
  if (status !== 'done') throw invalidField('outcome', 'is only allowed together with the status done');
  if (item.status !== 'done') return { outcome, reviewedAt };
  if (item.outcome === outcome && (!reviewedAt || reviewedAt.getTime() === item.reviewedAt?.getTime())) {
    return undefined;
  }
  throw conflict('the item is already done: open it again before recording another outcome');
}

/** The changes that differ from the item's current values. */
function differences(item: QueueItem, { status, reason, assigneeId, dueAt }: QueueItemChanges): QueueItemChanges {
  return {
    ...(status === undefined || status === item.status ? {} : { status }),
    ...(reason === undefined || reason === item.reason ? {} : { reason }),
    ...(assigneeId === undefined || (assigneeId?.toLowerCase() ?? null) === item.assigneeId ? {} : { assigneeId }),
    ...(dueAt === undefined || dueAt?.getTime() === item.dueAt?.getTime() ? {} : { dueAt }),
  };
}

/** Only changes that replays of the past need make a new version. */
function newVersion({ status, dueAt }: QueueItemChanges, validFrom: Date, updatedBy: string): object {
  return status === undefined && dueAt === undefined ? {} : { version: () => 'version + 1', validFrom, updatedBy };
}

function outOfScopeProblem(technique: TechniqueToValidate): string | undefined {
  const { attackId, inForce, isRevoked, statusGlobal, replacedByAttackId } = technique;
  if (!inForce) {
    const replacement = replacedByAttackId === null ? '' : `, replaced by ${replacedByAttackId}`;
    return `must name a technique in scope: ${attackId} is ${isRevoked ? 'revoked' : 'deprecated'}${replacement}`;
  }
  return statusGlobal === 'not_applicable'
    ? `must name a technique in scope: ${attackId} is not_applicable here`
    : undefined;
}

function alreadyQueued(attackId: string): Error {
  return conflict(`${attackId} has another unfinished item in the queue: finish that one first`);
}
