import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension, ApiResponse } from '@nestjs/swagger';
import { ROLES_AT_LEAST, type AccessLevel } from './roles.js';

export const ACCESS_METADATA = 'vedette:access';
export type AccessRequirement = AccessLevel | 'public';

/**
 * Declares which roles may call a route: the named level and those above it. A route with neither this nor {@link
 * Public} stops the start, so that no route is public by mistake. The OpenAPI document shows the roles as `x-roles`.
 */
export function Access(level: AccessLevel): MethodDecorator {
  return applyDecorators(
    SetMetadata(ACCESS_METADATA, level),
    ApiBearerAuth(),
    ApiExtension('x-roles', [...ROLES_AT_LEAST[level]]),
    ApiResponse({ status: 401, description: 'No valid access token or API key was sent.' }),
    ApiResponse({ status: 403, description: `Only for ${[...ROLES_AT_LEAST[level]].reverse().join(', ')}.` }),
  );
}

/** Marks a route that needs no sign-in. */
export function Public(): MethodDecorator {
  return applyDecorators(SetMetadata(ACCESS_METADATA, 'public'), ApiExtension('x-roles', ['public']));
}
