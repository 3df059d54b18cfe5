import type { EntityManager } from 'typeorm';
import type { TechniqueStatus } from '../words/technique-status.js';

/** A version of the posture of a technique that began in the past. */
export interface PastVersion {
  techniqueId: string;
  status: TechniqueStatus;
  lastReviewDate: Date | null;
  riskScore: number | null;
  ownerId: string | null;
  updatedAt: Date;
  updatedBy: string;
}

/**
 * Replaces the posture of techniques and their history by versions of the past. It creates the rows again, because a
 * version may not begin before the version that it supersedes. Only the generated demo may use it.
 * @param versions the versions of each technique, oldest first. The last one is the current posture.
 */
export async function writePastPosture(
  manager: EntityManager,
  organizationId: string,
  versions: readonly (readonly PastVersion[])[],
): Promise<void> {
  const techniqueIds = versions.map(([first]) => first!.techniqueId);
  await manager.query('DELETE FROM posture WHERE organization_id = $1 AND technique_id = ANY ($2::uuid[])', [
    organizationId,
    techniqueIds,
  ]);
  const rowsOf = (index: number): string => JSON.stringify(versions.flatMap((ofTechnique) => ofTechnique[index] ?? []));
  const from = `jsonb_to_recordset($2::jsonb) AS r ("techniqueId" uuid, status text, "lastReviewDate" timestamptz, "riskScore" float8,
       "ownerId" uuid, "updatedAt" timestamptz, "updatedBy" uuid)`;
  await manager.query(
    `INSERT INTO posture (organization_id, technique_id, status_global, last_review_date, risk_score, owner_id, in_force, mitre_last_modified,
       updated_at, updated_by, valid_from, change_source)
     SELECT $1, t.id, r.status, r."lastReviewDate", r."riskScore", r."ownerId", t.in_force, t.mitre_last_modified,
       r."updatedAt", r."updatedBy", r."updatedAt", 'demo'
     FROM ${from} JOIN technique t ON t.id = r."techniqueId"`,
    [organizationId, rowsOf(0)],
  );
  for (let index = 1; versions.some(({ length }) => length > index); index++) {
    await manager.query(
      `UPDATE posture p SET status_global = r.status, last_review_date = r."lastReviewDate", risk_score = r."riskScore", owner_id = r."ownerId",
         updated_at = r."updatedAt", updated_by = r."updatedBy", version = p.version + 1, valid_from = r."updatedAt"
       FROM ${from} WHERE p.organization_id = $1 AND p.technique_id = r."techniqueId"`,
      [organizationId, rowsOf(index)],
    );
  }
}

/**
 * Copies the dates on which MITRE changed techniques to posture rows; each new version begins on that date. Only the
 * generated demo may use it.
 */
export async function followPastModifications(
  manager: EntityManager,
  organizationId: string,
  modified: ReadonlyMap<string, Date>,
): Promise<void> {
  await manager.query(
    `UPDATE posture p SET mitre_last_modified = c.at, version = p.version + 1, valid_from = c.at
     FROM unnest($1::uuid[], $2::timestamptz[]) AS c (technique_id, at)
     WHERE p.organization_id = $3 AND p.technique_id = c.technique_id`,
    [[...modified.keys()], [...modified.values()], organizationId],
  );
}
