import { AccessTokens, ApiKeysService } from '../../src/auth/index.js';
import { PasswordHasher } from '../../src/auth/password-hasher.js';
import type { Role } from '../../src/common/access/index.js';
import type { TestDatabase } from './databases.js';
import { aMember } from './factories.js';
import type { Answer, TestHttp } from './http.js';

/** The password of every user from {@link aPerson}. */
export const PASSWORD = 'correct horse battery staple';

let passwordHash: Promise<string> | undefined;

/** A member who can sign in with {@link PASSWORD}. The hash is made once a file, because hashing is slow by design. */
export async function aPerson(
  database: TestDatabase,
  organizationId: string,
  options: { role?: Role; isActive?: boolean; email?: string } = {},
): Promise<{ userId: string; email: string }> {
  passwordHash ??= new PasswordHasher().hash(PASSWORD);
  const member = await aMember(database, organizationId, options);
  await database.query('UPDATE user_account SET password_hash = $2 WHERE id = $1', [member.userId, await passwordHash]);
  return member;
}

/** A member with an access token. */
export async function aSignedInMember(
  http: TestHttp,
  organizationId: string,
  role: Role = 'admin',
): Promise<{ userId: string; email: string; token: string }> {
  const member = await aMember(http.database, organizationId, { role });
  return { ...member, token: http.module.get(AccessTokens, { strict: false }).issue(member.userId, organizationId) };
}

export async function anApiKey(
  http: TestHttp,
  organizationId: string,
  { role = 'viewer', name = 'CI', expiresAt = null }: { role?: Role; name?: string; expiresAt?: Date | null } = {},
): Promise<{ id: string; key: string }> {
  const { apiKey, key } = await http.module
    .get(ApiKeysService, { strict: false })
    .create(organizationId, { name, role, expiresAt }, null);
  return { id: apiKey.id, key };
}

/** The refresh cookie of an answer: its value, and its attributes in lower case. */
export function refreshCookie(answer: Answer): { value: string; header: string; attributes: string[] } {
  const header = [answer.headers['set-cookie'] ?? []].flat().find((cookie) => cookie.startsWith('vedette_refresh='));
  if (!header) throw new Error('the answer sets no refresh cookie');
  const [pair, ...attributes] = header.split('; ');
  const value = pair!.slice('vedette_refresh='.length);
  return {
    value,
    header: `vedette_refresh=${value}`,
    attributes: attributes.map((attribute) => attribute.toLowerCase()).sort(),
  };
}
