import { createHash } from 'node:crypto';
import type { Role } from '../../src/common/access/index.js';
import { newId } from '../../src/common/ids.js';
import type { TechniqueStatus } from '../../src/posture/words/index.js';
import type { TestDatabase } from './databases.js';

/** Writes rows directly into the database. Each factory takes the fields that a test needs and fills in the rest. */

export async function anOrganization(
  database: TestDatabase,
  { name = 'Acme', isDefault = false } = {},
): Promise<string> {
  const id = newId();
  await database.query('INSERT INTO organization (id, slug, name, is_default) VALUES ($1, $2, $3, $4)', [
    id,
    `org-${id}`,
    name,
    isDefault,
  ]);
  await database.query(
    `INSERT INTO posture (organization_id, technique_id, in_force, mitre_last_modified)
     SELECT $1, id, in_force, mitre_last_modified FROM technique`,
    [id],
  );
  return id;
}

export async function aMember(
  database: TestDatabase,
  organizationId: string,
  {
    role = 'analyst',
    isActive = true,
    email = `${newId()}@example.org`,
  }: { role?: Role; isActive?: boolean; email?: string } = {},
): Promise<{ userId: string; email: string }> {
  const userId = newId();
  await database.query('INSERT INTO user_account (id, email, display_name, password_hash) VALUES ($1, $2, $2, $3)', [
    userId,
    email,
    'unusable',
  ]);
  await database.query('INSERT INTO membership (organization_id, user_id, role, is_active) VALUES ($1, $2, $3, $4)', [
    organizationId,
    userId,
    role,
    isActive,
  ]);
  return { userId, email };
}

export interface TechniqueFacts {
  attackId: string;
  name?: string;
  domain?: string;
  tactics?: string[];
  platforms?: string[];
  isRevoked?: boolean;
  isDeprecated?: boolean;
  mitreLastModified?: Date;
  replacedById?: string | null;
}

/** A technique of the shared catalogue, with a posture row for every existing organisation. */
export async function aTechnique(database: TestDatabase, facts: TechniqueFacts): Promise<string> {
  const id = newId();
  const modified = facts.mitreLastModified ?? new Date('2020-01-01T00:00:00Z');
  const isRevoked = facts.isRevoked ?? false;
  const isDeprecated = facts.isDeprecated ?? false;
  await database.query(
    `INSERT INTO technique (id, attack_id, name, domain, is_subtechnique, tactics, platforms, technique_version, attack_version, mitre_created,
       mitre_last_modified, mitre_modified_raw, content_hash, is_revoked, is_deprecated, in_force, replaced_by_id)
     VALUES ($1, $2, $3, $4, $5, $6, $7, '1.0', '18.1', '2018-01-01', $8, $8, $9, $10, $11, $12, $13)`,
    [
      id,
      facts.attackId,
      facts.name ?? `Technique ${facts.attackId}`,
      facts.domain ?? 'enterprise-attack',
      facts.attackId.includes('.'),
      facts.tactics ?? ['execution'],
      facts.platforms ?? ['Windows'],
      modified,
      createHash('sha256').update(facts.attackId).digest('hex').slice(0, 32),
      isRevoked,
      isDeprecated,
      !(isRevoked || isDeprecated),
      facts.replacedById ?? null,
    ],
  );
  await database.query(
    `INSERT INTO posture (organization_id, technique_id, in_force, mitre_last_modified)
     SELECT o.id, t.id, t.in_force, t.mitre_last_modified FROM organization o CROSS JOIN technique t WHERE t.id = $1`,
    [id],
  );
  return id;
}

export interface PostureFacts {
  statusGlobal?: TechniqueStatus;
  lastReviewDate?: Date | null;
  riskScore?: number | null;
  ownerId?: string | null;
}

/** Sets the posture of a technique; fields that are not given get their default. */
export async function aPosture(
  database: TestDatabase,
  organizationId: string,
  techniqueId: string,
  facts: PostureFacts,
): Promise<void> {
  await database.query(
    `UPDATE posture SET status_global = $3, last_review_date = $4, risk_score = $5, owner_id = $6 WHERE organization_id = $1 AND technique_id = $2`,
    [
      organizationId,
      techniqueId,
      facts.statusGlobal ?? 'not_evaluated',
      facts.lastReviewDate ?? null,
      facts.riskScore ?? null,
      facts.ownerId ?? null,
    ],
  );
}

export async function aQueueItem(
  database: TestDatabase,
  organizationId: string,
  techniqueId: string,
  status = 'pending',
): Promise<string> {
  const id = newId();
  await database.query(
    'INSERT INTO revalidation_item (id, organization_id, technique_id, status) VALUES ($1, $2, $3, $4)',
    [id, organizationId, techniqueId, status],
  );
  return id;
}

export async function aSnapshot(
  database: TestDatabase,
  organizationId: string,
  date: string,
  coveragePct: number,
): Promise<void> {
  await database.query(
    `INSERT INTO posture_snapshot (organization_id, snapshot_date, coverage_pct, total, validated, partial, in_progress, not_covered, not_evaluated, source)
     VALUES ($1, $2, $3, 100, 0, 0, 0, 0, 100, 'historical')`,
    [organizationId, date, coveragePct],
  );
}

/** A snapshot that was taken at the instant, with one tactic. */
export async function aTakenSnapshot(
  database: TestDatabase,
  organizationId: string,
  takenAt: Date,
  coveragePct: number,
  { attackVersion = '18.1', rollup = 'flat' } = {},
): Promise<void> {
  await database.query(
    `INSERT INTO posture_snapshot (organization_id, snapshot_date, coverage_pct, total, validated, partial, in_progress, not_covered, not_evaluated, source,
       taken_at, valid_from, attack_versions, rollup, tactics)
     VALUES ($1, ($2::timestamptz AT TIME ZONE 'UTC')::date, $3, 100, 0, 0, 0, 0, 100, 'scheduled', $2, $2, jsonb_build_object('enterprise-attack', $4::text), $5,
       jsonb_build_object('enterprise-attack', jsonb_build_object('initial-access', jsonb_build_object('total', 100, 'coverage_pct', $3::float8))))`,
    [organizationId, takenAt, coveragePct, attackVersion, rollup],
  );
}

/** A technique that was validated for long, and became not covered at the instant. */
export async function aFall(
  database: TestDatabase,
  organizationId: string,
  techniqueId: string,
  at: Date,
): Promise<void> {
  await database.query(
    `INSERT INTO posture_history (organization_id, technique_id, version, valid_from, valid_to, status_global, in_force, mitre_last_modified, change_source)
     SELECT organization_id, technique_id, 1, $3::timestamptz - interval '30 days', $3, 'validated', in_force, mitre_last_modified, 'api' FROM posture
     WHERE organization_id = $1 AND technique_id = $2`,
    [organizationId, techniqueId, at],
  );
  // Deleted and inserted: an update would begin at the real time, long after the tests' clock.
  await database.query(
    `WITH was AS (DELETE FROM posture WHERE organization_id = $1 AND technique_id = $2 RETURNING in_force, mitre_last_modified)
     INSERT INTO posture (organization_id, technique_id, in_force, mitre_last_modified, status_global, version, valid_from, change_source)
     SELECT $1, $2, in_force, mitre_last_modified, 'not_covered', 2, $3, 'api' FROM was`,
    [organizationId, techniqueId, at],
  );
}
