import type { Principal } from '../../common/access/index.js';
import { forbidden } from '../../common/errors/index.js';

/** @returns the id of the signed-in user. @throws DomainError `forbidden` for an API key, which has no inbox. */
export function userOf(principal: Principal): string {
  if (!principal.userId) throw forbidden('an API key has no notifications; sign in as a user');
  return principal.userId;
}
