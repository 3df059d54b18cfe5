import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Role } from './roles.js';

/** Who makes a request: a signed-in user or an API key, always on behalf of one organisation. */
export interface Principal {
  organizationId: string;
  role: Role;
  /** The user, or null for an API key. */
  userId: string | null;
  /** The API key, or null for a signed-in user. */
  apiKeyId: string | null;
  /** Id of the user or key: what `acknowledged_by`, `created_by` and the like keep. */
  actorId: string;
}

/** A request that the access guard has let pass. */
export interface AuthenticatedRequest {
  principal?: Principal;
}

/** The principal of the request. Only for routes that the access guard protects, which is every route not marked `@Public()`. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (!principal) throw new Error('CurrentPrincipal was used on a route that nothing authenticates');
  return principal;
});
