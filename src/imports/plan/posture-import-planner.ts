import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { loadedReleases } from '../../catalogue/index.js';
import { bestFirst } from '../../catalogue/words/index.js';
import { queryRows } from '../../database/index.js';
import { PostureWriter } from '../../posture/index.js';
import type { ConflictRule } from '../presets/preset-options.js';
import type { Proposal } from '../presets/preset.js';
import {
  planPostureImport,
  type FoundTechnique,
  type PostureImage,
  type PostureImportPlan,
} from './plan-posture-import.js';

interface FoundRow extends PostureImage {
  index: number;
  isInForce: boolean;
  isRevoked: boolean;
  techniqueId: string | null;
  targetAttackId: string;
  name: string;
  proposedOwnerId: string | null;
}

/**
 * Joins each id to the technique that it names, to the technique in force that it means, and to the organisation's
 * posture of that one.
 */
const FIND = `
  FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS i (attack_id, domain, ord)
  CROSS JOIN LATERAL (
    SELECT * FROM technique n WHERE n.attack_id = i.attack_id AND (i.domain IS NULL OR n.domain = i.domain) ORDER BY ${bestFirst('n')} LIMIT 1
  ) named
  LEFT JOIN technique target ON target.id = CASE WHEN named.in_force THEN named.id ELSE named.replaced_by_id END AND target.in_force
  LEFT JOIN posture p ON p.organization_id = $1 AND p.technique_id = target.id`;

/** Plans imports against the current catalogue and posture. */
@Injectable()
export class PostureImportPlanner {
  constructor(private readonly writer: PostureWriter) {}

  /** @param locks whether to lock the posture of the techniques until the transaction ends. */
  async plan(
    manager: EntityManager,
    organizationId: string,
    proposals: readonly Proposal[],
    { rule, locks }: { rule: ConflictRule; locks: boolean },
  ): Promise<PostureImportPlan> {
    if (locks) await this.lock(manager, organizationId, proposals);
    const found = await this.find(manager, organizationId, proposals);
    return planPostureImport(proposals, found, await loadedReleases(manager), rule);
  }

  private async lock(manager: EntityManager, organizationId: string, proposals: readonly Proposal[]): Promise<void> {
    const rows = await queryRows<{ id: string }>(
      manager,
      `SELECT DISTINCT p.technique_id AS id ${FIND} WHERE p.technique_id IS NOT NULL`,
      [organizationId, ...keysOf(proposals)],
    );
    await this.writer.lock(
      manager,
      organizationId,
      rows.map(({ id }) => id),
    );
  }

  private async find(
    manager: EntityManager,
    organizationId: string,
    proposals: readonly Proposal[],
  ): Promise<(FoundTechnique | undefined)[]> {
    const rows = await queryRows<FoundRow>(
      manager,
      `SELECT i.ord::integer - 1 AS index, named.in_force AS "isInForce", named.is_revoked AS "isRevoked", p.technique_id AS "techniqueId",
         target.attack_id AS "targetAttackId", target.name, p.status_global AS "statusGlobal", p.last_review_date AS "lastReviewDate",
         p.risk_score AS "riskScore", p.owner_id AS "ownerId", p.tags, m.user_id AS "proposedOwnerId"
       ${FIND}
       LEFT JOIN unnest($4::uuid[], $5::text[]) WITH ORDINALITY AS o (owner_id, owner_email, ord) ON o.ord = i.ord
       LEFT JOIN user_account u ON u.email = o.owner_email
       LEFT JOIN membership m ON m.organization_id = $1 AND m.user_id = coalesce(o.owner_id, u.id) AND m.is_active`,
      [
        organizationId,
        ...keysOf(proposals),
        proposals.map(({ ownerId }) => ownerId ?? null),
        proposals.map(({ ownerEmail }) => ownerEmail ?? null),
      ],
    );
    const found = new Array<FoundTechnique | undefined>(proposals.length).fill(undefined);
    for (const row of rows) found[row.index] = toFound(row);
    return found;
  }
}

function keysOf(proposals: readonly Proposal[]): [attackIds: string[], domains: (string | null)[]] {
  return [proposals.map(({ attackId }) => attackId), proposals.map(({ domain }) => domain)];
}

function toFound(row: FoundRow): FoundTechnique {
  const { isInForce, isRevoked, techniqueId, targetAttackId, name, proposedOwnerId } = row;
  const { statusGlobal, lastReviewDate, riskScore, ownerId, tags } = row;
  return {
    outOfForce: isInForce ? null : isRevoked ? 'revoked' : 'deprecated',
    target:
      techniqueId === null
        ? null
        : { techniqueId, attackId: targetAttackId, name, statusGlobal, lastReviewDate, riskScore, ownerId, tags },
    ownerId: proposedOwnerId,
  };
}
