import type { Principal } from '../../common/access/index.js';
import { forbidden } from '../../common/errors/index.js';

/** Notifications are a person's: an API key has no inbox. */
export function userOf(principal: Principal): string {
  if (!principal.userId) throw forbidden('an API key has no notifications; sign in as a user');
  return principal.userId;
}
