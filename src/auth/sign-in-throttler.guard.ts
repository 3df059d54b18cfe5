import { applyDecorators, Injectable, type ExecutionContext } from '@nestjs/common';
import {
  normalizeIp,
  SkipThrottle,
  Throttle,
  ThrottlerGuard,
  type ThrottlerLimitDetail,
  type ThrottlerModuleOptions,
} from '@nestjs/throttler';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AuthenticatedRequest } from '../common/access/index.js';
import { DomainError } from '../common/errors/index.js';
import { normalizeEmail } from './accounts.js';

const MINUTE_MS = 60_000;

/**
 * How often somebody may try to sign in: 10 times a minute as one account from one address, so that a password is not guessed; and 100 times a minute from
 * one address in all, so that made-up e-mail addresses do not keep the process busy hashing. Counted per process.
 */
export const SIGN_IN_LIMITS: ThrottlerModuleOptions = {
  setHeaders: false,
  throttlers: [
    {
      name: 'account',
      limit: 10,
      ttl: MINUTE_MS,
      getTracker: (request) => `${addressOf(request as FastifyRequest)} ${emailOf(request as FastifyRequest)}`,
    },
    { name: 'address', limit: 100, ttl: MINUTE_MS, getTracker: (request) => addressOf(request as FastifyRequest) },
  ],
};

/**
 * For a route that asks a signed-in person for the password: 10 tries a minute as that person, from wherever, so that who has got hold of an access token
 * does not guess the password with it.
 */
export function PerPerson(): MethodDecorator {
  return applyDecorators(
    Throttle({ account: { getTracker: (request) => (request as AuthenticatedRequest).principal?.actorId ?? '' } }),
    SkipThrottle({ address: true }),
  );
}

@Injectable()
export class SignInThrottlerGuard extends ThrottlerGuard {
  protected override throwThrottlingException(
    context: ExecutionContext,
    { timeToBlockExpire }: ThrottlerLimitDetail,
  ): Promise<void> {
    const seconds = Math.max(1, timeToBlockExpire);
    void context.switchToHttp().getResponse<FastifyReply>().header('retry-after', String(seconds));
    throw new DomainError('too_many_requests', `too many tries; try again in ${seconds} seconds`, [], {
      retry_after_seconds: seconds,
    });
  }
}

/** Addresses of one IPv6 network are one person's, who has as many of them as they like. */
function addressOf(request: FastifyRequest): string {
  return normalizeIp(request.ip);
}

/** The body has not been validated yet when a guard sees it. */
function emailOf(request: FastifyRequest): string {
  const { email } = (request.body ?? {}) as { email?: unknown };
  return typeof email === 'string' ? normalizeEmail(email) : '';
}
