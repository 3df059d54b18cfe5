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

/**
 * Runs before every route, and lets in only the callers that `@Access` or `@Public` allows. {@link AccessBeforeBody}
 * checks the same before the body is read.
 */
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
    await this.admit(context.switchToHttp().getRequest<FastifyRequest & AuthenticatedRequest>(), required);
    return true;
  }

  /**
   * Sets the principal of the request. A second call for the same request does not authenticate again.
   * @throws DomainError `unauthenticated` or `forbidden`.
   */
  async admit(request: FastifyRequest & AuthenticatedRequest, required: AccessRequirement): Promise<void> {
    if (required === 'public') return;
    request.principal ??= await this.authenticator.authenticate(request.headers.authorization);
    const { role } = request.principal;
    const allowed: readonly Role[] = ROLES_AT_LEAST[required];
    if (!allowed.includes(role)) {
      throw forbidden(`this needs one of the roles ${[...allowed].reverse().join(', ')}; yours is ${role}`);
    }
  }
}
