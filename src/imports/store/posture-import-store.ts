import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { queryRows, quotedArrayLiteral, type SqlRunner } from '../../database/index.js';
import type { PlannedChange } from '../plan/plan-posture-import.js';

/** A stored change, with the outcome of an undo. */
export interface StoredChange extends PlannedChange {
  undoOutcome: 'restored' | 'skipped' | null;
}

interface ChangeRow {
  techniqueId: string;
  attackId: string;
  name: string;
  because: string;
  remappedFrom: string[];
  undoOutcome: StoredChange['undoOutcome'];
  beforeStatus: PlannedChange['before']['statusGlobal'];
  beforeReviewDate: Date | null;
  beforeRiskScore: number | null;
  beforeOwnerId: string | null;
  beforeTags: string[];
  afterStatus: PlannedChange['after']['statusGlobal'];
  afterReviewDate: Date | null;
  afterRiskScore: number | null;
  afterOwnerId: string | null;
  afterTags: string[];
}

/** The changes of imports. */
@Injectable()
export class PostureImportStore {
  /** Replaces the changes of the import. */
  async replaceChanges(
    manager: EntityManager,
    organizationId: string,
    importId: string,
    changes: readonly PlannedChange[],
  ): Promise<void> {
    await manager.query('DELETE FROM posture_import_change WHERE organization_id = $1 AND import_id = $2', [
      organizationId,
      importId,
    ]);
    await manager.query(
      `INSERT INTO posture_import_change (organization_id, import_id, technique_id, before_status, before_review_date, before_risk_score, before_owner_id,
         before_tags, after_status, after_review_date, after_risk_score, after_owner_id, after_tags, because, remapped_from)
       SELECT $1, $2, c.technique_id, before_status, before_review_date, before_risk_score, before_owner_id, before_tags::text[], after_status,
         after_review_date, after_risk_score, after_owner_id, after_tags::text[], because, coalesce(string_to_array(nullif(remapped_from, ''), ' '), '{}')
       FROM unnest($3::uuid[], $4::text[], $5::timestamptz[], $6::double precision[], $7::uuid[], $8::text[], $9::text[], $10::timestamptz[],
         $11::double precision[], $12::uuid[], $13::text[], $14::text[], $15::text[]) AS c (technique_id, before_status, before_review_date,
         before_risk_score, before_owner_id, before_tags, after_status, after_review_date, after_risk_score, after_owner_id, after_tags, because, remapped_from)`,
      [
        organizationId,
        importId,
        changes.map(({ techniqueId }) => techniqueId),
        ...(['before', 'after'] as const).flatMap((side) => [
          changes.map((change) => change[side].statusGlobal),
          changes.map((change) => change[side].lastReviewDate),
          changes.map((change) => change[side].riskScore),
          changes.map((change) => change[side].ownerId),
          changes.map((change) => quotedArrayLiteral(change[side].tags)),
        ]),
        changes.map(({ because }) => because),
        changes.map(({ remappedFrom }) => remappedFrom.join(' ')),
      ],
    );
  }

  /** In the order of the ATT&CK ids. Without a page it returns all changes. */
  async changes(
    runner: SqlRunner,
    organizationId: string,
    importId: string,
    { limit, offset }: { limit: number | null; offset: number } = { limit: null, offset: 0 },
  ): Promise<StoredChange[]> {
    const rows = await queryRows<ChangeRow>(
      runner,
      `SELECT c.technique_id AS "techniqueId", t.attack_id AS "attackId", t.name, c.because, c.remapped_from AS "remappedFrom",
         c.undo_outcome AS "undoOutcome", c.before_status AS "beforeStatus", c.before_review_date AS "beforeReviewDate",
         c.before_risk_score AS "beforeRiskScore", c.before_owner_id AS "beforeOwnerId", c.before_tags AS "beforeTags", c.after_tags AS "afterTags", c.after_status AS "afterStatus",
         c.after_review_date AS "afterReviewDate", c.after_risk_score AS "afterRiskScore", c.after_owner_id AS "afterOwnerId"
       FROM posture_import_change c JOIN technique t ON t.id = c.technique_id
       WHERE c.organization_id = $1 AND c.import_id = $2 ORDER BY t.attack_id COLLATE "C", t.id LIMIT $3 OFFSET $4`,
      [organizationId, importId, limit, offset],
    );
    return rows.map(toChange);
  }

  /** Marks each change of an undone import as restored or skipped. */
  async saveUndoOutcomes(
    manager: EntityManager,
    organizationId: string,
    importId: string,
    restoredIds: readonly string[],
  ): Promise<void> {
    await manager.query(
      `UPDATE posture_import_change SET undo_outcome = CASE WHEN technique_id = ANY ($3::uuid[]) THEN 'restored' ELSE 'skipped' END
       WHERE organization_id = $1 AND import_id = $2`,
      [organizationId, importId, restoredIds],
    );
  }
}

function toChange(row: ChangeRow): StoredChange {
  const { techniqueId, attackId, name, because, remappedFrom, undoOutcome } = row;
  return {
    techniqueId,
    attackId,
    name,
    because,
    remappedFrom,
    undoOutcome,
    before: {
      statusGlobal: row.beforeStatus,
      lastReviewDate: row.beforeReviewDate,
      riskScore: row.beforeRiskScore,
      ownerId: row.beforeOwnerId,
      tags: row.beforeTags,
    },
    after: {
      statusGlobal: row.afterStatus,
      lastReviewDate: row.afterReviewDate,
      riskScore: row.afterRiskScore,
      ownerId: row.afterOwnerId,
      tags: row.afterTags,
    },
  };
}
