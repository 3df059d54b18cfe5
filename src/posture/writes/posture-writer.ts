import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { countChanged, quotedArrayLiteral } from '../../database/index.js';
import { PostureChanges } from '../changes/posture-changes.js';
import type { ChangeSource } from '../words/change-source.js';
import type { TechniqueStatus } from '../words/technique-status.js';

/** Changes to the posture of one technique. A property that is left out stays unchanged; null clears it. */
export interface PostureWrite {
  techniqueId: string;
  statusGlobal?: TechniqueStatus | null;
  lastReviewDate?: Date | null;
  riskScore?: number | null;
  ownerId?: string | null;
  /** In lower case, sorted, without duplicates. */
  tags?: string[] | null;
}

/** The author and the cause of a write. */
export interface WriteOrigin {
  /** Null if the author is not a user or API key, for example on the command line. */
  actorId: string | null;
  source: ChangeSource;
  /** The record that caused the change, such as an import run. */
  changeId: string | null;
}

/** All writes of posture on behalf of users and API keys go through this class. */
@Injectable()
export class PostureWriter {
  constructor(
    private readonly changes: PostureChanges,
    private readonly clock: Clock,
  ) {}

  /** Locks rows in the order of their keys, so that concurrent writers wait instead of deadlocking. */
  async lock(manager: EntityManager, organizationId: string, techniqueIds: readonly string[]): Promise<void> {
    await manager.query(
      `SELECT FROM posture WHERE organization_id = $1 AND technique_id = ANY ($2::uuid[]) ORDER BY technique_id FOR NO KEY UPDATE`,
      [organizationId, techniqueIds],
    );
  }

  /**
   * Writes rows that the caller has locked, and marks the organisation for evaluation if any changed. Rows without a
   * change are not touched. Values are passed as arrays because the planner knows their length; for JSON it assumes a
   * hundred rows.
   * @returns how many rows changed.
   */
  async write(
    manager: EntityManager,
    organizationId: string,
    writes: readonly PostureWrite[],
    origin: WriteOrigin,
  ): Promise<number> {
    const updated = await countChanged(
      manager,
      `UPDATE posture p SET
         status_global = CASE WHEN i.sets_status THEN i.status_global ELSE p.status_global END,
         last_review_date = CASE WHEN i.sets_review THEN i.last_review_date ELSE p.last_review_date END,
         risk_score = CASE WHEN i.sets_risk THEN i.risk_score ELSE p.risk_score END,
         owner_id = CASE WHEN i.sets_owner THEN i.owner_id ELSE p.owner_id END,
         tags = coalesce(i.tags::text[], p.tags),
         updated_at = $3, updated_by = $4, version = p.version + 1, valid_from = $3, change_source = $13, change_id = $14
       FROM unnest($2::uuid[], $5::boolean[], $6::text[], $7::boolean[], $8::timestamptz[], $9::boolean[], $10::double precision[], $11::boolean[],
           $12::uuid[], $15::text[])
         AS i (technique_id, sets_status, status_global, sets_review, last_review_date, sets_risk, risk_score, sets_owner, owner_id, tags)
       WHERE p.organization_id = $1 AND p.technique_id = i.technique_id AND (
         (i.sets_status AND p.status_global <> i.status_global)
         OR (i.sets_review AND p.last_review_date IS DISTINCT FROM i.last_review_date)
         OR (i.sets_risk AND p.risk_score IS DISTINCT FROM i.risk_score)
         OR (i.sets_owner AND p.owner_id IS DISTINCT FROM i.owner_id)
         OR p.tags <> i.tags::text[])`,
      [
        organizationId,
        writes.map(({ techniqueId }) => techniqueId),
        this.clock.now(),
        origin.actorId,
        writes.map(({ statusGlobal }) => statusGlobal !== undefined),
        writes.map(({ statusGlobal }) => statusGlobal ?? 'not_evaluated'),
        writes.map(({ lastReviewDate }) => lastReviewDate !== undefined),
        writes.map(({ lastReviewDate }) => lastReviewDate ?? null),
        writes.map(({ riskScore }) => riskScore !== undefined),
        writes.map(({ riskScore }) => riskScore ?? null),
        writes.map(({ ownerId }) => ownerId !== undefined),
        writes.map(({ ownerId }) => ownerId ?? null),
        origin.source,
        origin.changeId,
        writes.map(({ tags }) => (tags === undefined ? null : quotedArrayLiteral(tags ?? []))),
      ],
    );
    if (updated > 0) await this.changes.mark(manager, [organizationId], 'posture');
    return updated;
  }
}
