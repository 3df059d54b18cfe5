import type { EntityManager } from 'typeorm';
import { newId } from '../common/ids.js';
import { queryRows } from '../database/index.js';

/** A person whose account was created in the past. The e-mail address is normalised. */
export interface PastAccount {
  email: string;
  displayName: string;
  createdAt: Date;
}

/**
 * Creates accounts with the same password and with dates in the past. An existing account keeps its password and gets
 * the name. Only the generated demo may use it.
 * @returns the ids by e-mail address.
 */
export async function ensurePastAccounts(
  manager: EntityManager,
  accounts: readonly PastAccount[],
  passwordHash: string,
): Promise<Map<string, string>> {
  const rows = await queryRows<{ id: string; email: string }>(
    manager,
    `INSERT INTO user_account AS a (id, email, display_name, password_hash, created_at, updated_at)
     SELECT id, email, display_name, $1, created_at, created_at
     FROM unnest($2::uuid[], $3::text[], $4::text[], $5::timestamptz[]) AS u (id, email, display_name, created_at)
     ON CONFLICT (email) DO UPDATE SET display_name = excluded.display_name
     RETURNING a.id, a.email`,
    [
      passwordHash,
      accounts.map(() => newId()),
      accounts.map(({ email }) => email),
      accounts.map(({ displayName }) => displayName),
      accounts.map(({ createdAt }) => createdAt),
    ],
  );
  return new Map(rows.map(({ email, id }) => [email, id]));
}
