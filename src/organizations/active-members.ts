import { queryRows, type SqlRunner } from '../database/index.js';

/** The same message for an account of another organisation and for one that does not exist. */
export const NOT_AN_ACTIVE_MEMBER = 'is not an active member of this organisation';

export async function isActiveMember(runner: SqlRunner, organizationId: string, userId: string): Promise<boolean> {
  const rows = await queryRows(
    runner,
    'SELECT user_id FROM membership WHERE organization_id = $1 AND user_id = $2 AND is_active',
    [organizationId, userId],
  );
  return rows.length > 0;
}
