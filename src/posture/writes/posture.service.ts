import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { countChanged, queryRows, Transactions } from '../../database/index.js';
import { PostureChanges } from '../posture-changes.js';
import { bestFirst } from '../technique-ids.js';
import { FieldErrors } from './field-errors.js';
import { addLookupErrors, parsePostureItems, type PostureItem } from './posture-items.js';

export interface OutOfScopeItem {
  attackId: string;
  reason: 'revoked' | 'deprecated';
  replacedByAttackId: string | null;
}

export interface PostureWritten {
  updated: number;
  unchanged: number;
  outOfScope: OutOfScopeItem[];
}

/** What the database knows of an item: its technique, and its owner if he is an active member. */
interface FoundItem {
  index: number;
  techniqueId: string;
  inForce: boolean;
  isRevoked: boolean;
  replacedByAttackId: string | null;
  ownerId: string | null;
}

/** Writes posture. */
@Injectable()
export class PostureService {
  constructor(
    private readonly transactions: Transactions,
    private readonly changes: PostureChanges,
    private readonly clock: Clock,
  ) {}

  /** Gives the organisation a posture row for each technique that it has none of, so that every count is over the whole catalogue. */
  async createRowsFor(manager: EntityManager, organizationId: string): Promise<void> {
    await manager.query(
      `INSERT INTO posture (organization_id, technique_id, in_force, mitre_last_modified, updated_at, valid_from)
       SELECT $1, t.id, t.in_force, t.mitre_last_modified, $2::timestamptz, $2::timestamptz FROM technique t ORDER BY t.id
       ON CONFLICT DO NOTHING`,
      [organizationId, this.clock.now()],
    );
  }

  /**
   * Writes all items or none. Rows that would stay as they are are not touched.
   * @param body as sent: `{items: [...]}` of 1 to 10,000 items.
   * @throws DomainError `invalid_input` naming item and field.
   */
  async write(organizationId: string, body: unknown, actorId: string): Promise<PostureWritten> {
    const items = parsePostureItems(body, this.clock.now());
    return this.transactions.run(async (manager) => {
      const found = await this.lockAndLookUp(manager, organizationId, items);
      const updated = await this.update(manager, organizationId, items, found, actorId);
      if (updated > 0) await this.changes.mark(manager, [organizationId], 'posture');
      return { updated, unchanged: items.length - updated, outOfScope: outOfScope(items, found) };
    });
  }

  /** Locks the rows in the order of their keys, so that calls which meet wait for each other instead of deadlocking. Answers in the order of the items. */
  private async lockAndLookUp(
    manager: EntityManager,
    organizationId: string,
    items: readonly PostureItem[],
  ): Promise<FoundItem[]> {
    const rows = await queryRows<FoundItem>(
      manager,
      `SELECT i.ord::integer - 1 AS index, p.technique_id AS "techniqueId", t.in_force AS "inForce", t.is_revoked AS "isRevoked",
         replacement.attack_id AS "replacedByAttackId", m.user_id AS "ownerId"
       FROM unnest($2::text[], $3::uuid[], $4::text[]) WITH ORDINALITY AS i (attack_id, owner_id, owner_email, ord)
       CROSS JOIN LATERAL (SELECT * FROM technique named WHERE named.attack_id = i.attack_id ORDER BY ${bestFirst('named')} LIMIT 1) t
       JOIN posture p ON p.organization_id = $1 AND p.technique_id = t.id
       LEFT JOIN technique replacement ON replacement.id = t.replaced_by_id
       LEFT JOIN user_account u ON u.email = i.owner_email
       LEFT JOIN membership m ON m.organization_id = $1 AND m.user_id = coalesce(i.owner_id, u.id) AND m.is_active
       ORDER BY p.technique_id FOR NO KEY UPDATE OF p`,
      [
        organizationId,
        items.map(({ attackId }) => attackId),
        items.map(({ ownerId }) => ownerId ?? null),
        items.map(({ ownerEmail }) => ownerEmail ?? null),
      ],
    );
    const byIndex = new Array<FoundItem | undefined>(items.length);
    for (const row of rows) byIndex[row.index] = row;
    const errors = new FieldErrors();
    for (const [index, item] of items.entries()) addLookupErrors(errors, index, item, byIndex[index]);
    errors.throwIfAny();
    return byIndex as FoundItem[];
  }

  /** The values go in as arrays, whose length the planner knows: of JSON it expects a hundred rows, and may then compare each with each. */
  private async update(
    manager: EntityManager,
    organizationId: string,
    items: readonly PostureItem[],
    found: readonly FoundItem[],
    actorId: string,
  ): Promise<number> {
    return countChanged(
      manager,
      `UPDATE posture p SET
         status_global = CASE WHEN i.sets_status THEN i.status_global ELSE p.status_global END,
         last_review_date = CASE WHEN i.sets_review THEN i.last_review_date ELSE p.last_review_date END,
         risk_score = CASE WHEN i.sets_risk THEN i.risk_score ELSE p.risk_score END,
         owner_id = CASE WHEN i.sets_owner THEN i.owner_id ELSE p.owner_id END,
         updated_at = $3, updated_by = $4, version = p.version + 1, valid_from = $3, change_source = 'api', change_id = NULL
       FROM unnest($2::uuid[], $5::boolean[], $6::text[], $7::boolean[], $8::timestamptz[], $9::boolean[], $10::double precision[], $11::boolean[],
           $12::uuid[])
         AS i (technique_id, sets_status, status_global, sets_review, last_review_date, sets_risk, risk_score, sets_owner, owner_id)
       WHERE p.organization_id = $1 AND p.technique_id = i.technique_id AND (
         (i.sets_status AND p.status_global <> i.status_global)
         OR (i.sets_review AND p.last_review_date IS DISTINCT FROM i.last_review_date)
         OR (i.sets_risk AND p.risk_score IS DISTINCT FROM i.risk_score)
         OR (i.sets_owner AND p.owner_id IS DISTINCT FROM i.owner_id))`,
      [
        organizationId,
        found.map(({ techniqueId }) => techniqueId),
        this.clock.now(),
        actorId,
        items.map(({ statusGlobal }) => statusGlobal !== undefined),
        items.map(({ statusGlobal }) => statusGlobal ?? 'not_evaluated'),
        items.map(({ lastReviewDate }) => lastReviewDate !== undefined),
        items.map(({ lastReviewDate }) => lastReviewDate ?? null),
        items.map(({ riskScore }) => riskScore !== undefined),
        items.map(({ riskScore }) => riskScore ?? null),
        items.map(({ ownerId, ownerEmail }) => ownerId !== undefined || ownerEmail !== undefined),
        found.map(({ ownerId }) => ownerId),
      ],
    );
  }
}

function outOfScope(items: readonly PostureItem[], found: readonly FoundItem[]): OutOfScopeItem[] {
  return found.flatMap(({ inForce, isRevoked, replacedByAttackId }, index) =>
    inForce
      ? []
      : [
          {
            attackId: items[index]!.attackId,
            reason: isRevoked ? ('revoked' as const) : ('deprecated' as const),
            replacedByAttackId,
          },
        ],
  );
}
