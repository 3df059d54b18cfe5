import { applyDecorators, SetMetadata } from '@nestjs/common';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import { ApiBearerAuth, ApiExtension, ApiResponse } from '@nestjs/swagger';
import { ROLES_AT_LEAST, type AccessLevel } from './roles.js';

export const ACCESS_METADATA = 'vedette:access';
export type AccessRequirement = AccessLevel | 'public';

/** The part of a route's configuration that says who may call it, for hooks that run before the body is read. */
export interface RouteAccess {
  access: AccessRequirement;
}

/**
 * Declares which roles may call a route: the named level and those above it. A route with neither this nor {@link
 * Public} stops the start, so that no route is public by mistake. The OpenAPI document shows the roles as `x-roles`.
 */
export function Access(level: AccessLevel): MethodDecorator {
  return applyDecorators(
    declareAccess(level),
    ApiBearerAuth(),
    ApiExtension('x-roles', [...ROLES_AT_LEAST[level]]),
    ApiResponse({ status: 401, description: 'No valid access token or API key was sent.' }),
    ApiResponse({ status: 403, description: `Only for ${[...ROLES_AT_LEAST[level]].reverse().join(', ')}.` }),
  );
}

/** Marks a route that needs no sign-in. */
export function Public(): MethodDecorator {
  return applyDecorators(declareAccess('public'), ApiExtension('x-roles', ['public']));
}

/** Keeps the configuration that decorators below this one gave the route. */
function declareAccess(access: AccessRequirement): MethodDecorator {
  return (target, name, descriptor) => {
    const handler = descriptor.value as object;
    const config = Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) as object | undefined;
    SetMetadata(FASTIFY_ROUTE_CONFIG_METADATA, { ...config, access } satisfies RouteAccess)(target, name, descriptor);
    SetMetadata(ACCESS_METADATA, access)(target, name, descriptor);
  };
}
