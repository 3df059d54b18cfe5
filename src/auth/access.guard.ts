import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import {
  ACCESS_METADATA,
  ROLES_AT_LEAST,
  type AccessRequirement,
  type AuthenticatedRequest,
  type Role,
} from '../common/access/index.js';
import { forbidden } from '../common/errors/index.js';
import { Authenticator } from './authenticator.js';

/** Runs before every route, and lets in only the callers that `@Access` or `@Public` allows. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly authenticator: Authenticator,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const required = this.reflector.get<AccessRequirement | undefined>(ACCESS_METADATA, context.getHandler());
    if (required === undefined) {
      throw new Error(`${context.getClass().name}.${context.getHandler().name} does not say who may call it`);
    }
    if (required === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest & AuthenticatedRequest>();
    const principal = await this.authenticator.authenticate(request.headers.authorization);
    const allowed: readonly Role[] = ROLES_AT_LEAST[required];
    if (!allowed.includes(principal.role)) {
      throw forbidden(`this needs one of the roles ${[...allowed].reverse().join(', ')}; yours is ${principal.role}`);
    }
    request.principal = principal;
    return true;
  }
}
