import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { bestFirst } from '../../catalogue/words/index.js';
import { Clock } from '../../common/clock.js';
import { queryRows, Transactions } from '../../database/index.js';
import type { PostureItem } from '../words/posture-item.js';
import { FieldErrors } from './field-errors.js';
import { addLookupErrors, parsePostureItems } from './posture-items.js';
import { PostureWriter, type PostureWrite } from './posture-writer.js';

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

/** The database's answer for an item: its technique, and its owner if that is an active member. */
interface FoundItem {
  index: number;
  techniqueId: string;
  inForce: boolean;
  isRevoked: boolean;
  replacedByAttackId: string | null;
  ownerId: string | null;
}

@Injectable()
export class PostureService {
  constructor(
    private readonly transactions: Transactions,
    private readonly writer: PostureWriter,
    private readonly clock: Clock,
  ) {}

  /**
   * Creates the missing posture rows of the organisation, one for each technique, so that counts cover the whole
   * catalogue.
   */
  async createRowsFor(manager: EntityManager, organizationId: string): Promise<void> {
    await manager.query(
      `INSERT INTO posture (organization_id, technique_id, in_force, mitre_last_modified, updated_at, valid_from)
       SELECT $1, t.id, t.in_force, t.mitre_last_modified, $2::timestamptz, $2::timestamptz FROM technique t ORDER BY t.id
       ON CONFLICT DO NOTHING`,
      [organizationId, this.clock.now()],
    );
  }

  /**
   * Writes all items or none. Rows without a change are not touched.
   * @param body as sent: `{items: [...]}` with 1 to 10,000 items.
   * @throws DomainError `invalid_input` with item and field.
   */
  async write(organizationId: string, body: unknown, actorId: string): Promise<PostureWritten> {
    const items = parsePostureItems(body, this.clock.now());
    return this.transactions.run(async (manager) => {
      const found = await this.lockAndLookUp(manager, organizationId, items);
      const writes = items.map((item, index) => toWrite(item, found[index]!));
      const origin = { actorId, source: 'api', changeId: null } as const;
      const updated = await this.writer.write(manager, organizationId, writes, origin);
      return { updated, unchanged: items.length - updated, outOfScope: outOfScope(items, found) };
    });
  }

  /**
   * Returns one row for each item, in their order. The lock is a separate statement by whole keys, so that it does not
   * depend on the planner's statistics.
   */
  private async lockAndLookUp(
    manager: EntityManager,
    organizationId: string,
    items: readonly PostureItem[],
  ): Promise<FoundItem[]> {
    const rows = await queryRows<FoundItem>(
      manager,
      `SELECT i.ord::integer - 1 AS index, t.id AS "techniqueId", t.in_force AS "inForce", t.is_revoked AS "isRevoked",
         replacement.attack_id AS "replacedByAttackId", m.user_id AS "ownerId"
       FROM unnest($2::text[], $3::uuid[], $4::text[]) WITH ORDINALITY AS i (attack_id, owner_id, owner_email, ord)
       CROSS JOIN LATERAL (SELECT * FROM technique named WHERE named.attack_id = i.attack_id ORDER BY ${bestFirst('named')} LIMIT 1) t
       LEFT JOIN technique replacement ON replacement.id = t.replaced_by_id
       LEFT JOIN user_account u ON u.email = i.owner_email
       LEFT JOIN membership m ON m.organization_id = $1 AND m.user_id = coalesce(i.owner_id, u.id) AND m.is_active`,
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
    await this.writer.lock(
      manager,
      organizationId,
      rows.map(({ techniqueId }) => techniqueId),
    );
    return byIndex as FoundItem[];
  }
}

function toWrite(
  { statusGlobal, lastReviewDate, riskScore, ownerId, ownerEmail, tags }: PostureItem,
  found: FoundItem,
): PostureWrite {
  const setsOwner = ownerId !== undefined || ownerEmail !== undefined;
  return {
    techniqueId: found.techniqueId,
    statusGlobal,
    lastReviewDate,
    riskScore,
    tags,
    ...(setsOwner ? { ownerId: found.ownerId } : {}),
  };
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
