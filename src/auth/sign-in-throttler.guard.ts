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
 * Limits for sign-in: 10 tries a minute for one account from one address, against guessed passwords; and 100 a minute
 * from one address, against the cost of hashing for invented accounts. Counted per process.
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
 * For a route that asks a signed-in user for the password: 10 tries a minute for that user from any address. A stolen
 * access token must not help to guess the password.
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

/** One user can have many addresses of one IPv6 network, so the network counts as one address. */
function addressOf(request: FastifyRequest): string {
  return normalizeIp(request.ip);
}

/** Guards run before the body is validated. */
function emailOf(request: FastifyRequest): string {
  const { email } = (request.body ?? {}) as { email?: unknown };
  return typeof email === 'string' ? normalizeEmail(email) : '';
}
