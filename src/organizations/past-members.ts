import type { EntityManager } from 'typeorm';
import type { Role } from '../common/access/index.js';

/** A person who joined in the past, and may have left since. */
export interface PastMember {
  userId: string;
  role: Role;
  joinedAt: Date;
  /** Null for an active member. */
  leftAt: Date | null;
}

/** Adds members with their dates in the past. Existing members stay as they are. Only the generated demo may use it. */
export async function addPastMembers(
  manager: EntityManager,
  organizationId: string,
  members: readonly PastMember[],
): Promise<void> {
  await manager.query(
    `INSERT INTO membership (organization_id, user_id, role, is_active, created_at, updated_at)
     SELECT $1, user_id, role, left_at IS NULL, joined_at, coalesce(left_at, joined_at)
     FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[]) AS u (user_id, role, joined_at, left_at)
     ON CONFLICT (organization_id, user_id) DO NOTHING`,
    [
      organizationId,
      members.map(({ userId }) => userId),
      members.map(({ role }) => role),
      members.map(({ joinedAt }) => joinedAt),
      members.map(({ leftAt }) => leftAt),
    ],
  );
}
