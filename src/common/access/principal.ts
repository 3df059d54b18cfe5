import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Role } from './roles.js';

/** The caller of a request: a signed-in user or an API key, always for one organisation. */
export interface Principal {
  organizationId: string;
  role: Role;
  /** The user; null for an API key. */
  userId: string | null;
  /** The API key; null for a user. */
  apiKeyId: string | null;
  /** The id of the user or key, as stored in `acknowledged_by`, `created_by` and similar columns. */
  actorId: string;
}

/** A request after the access guard. */
export interface AuthenticatedRequest {
  principal?: Principal;
}

/** The principal of the request. Works on every route that is not marked `@Public()`. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!principal) throw new Error('CurrentPrincipal was used on a route without authentication');
  return principal;
});
