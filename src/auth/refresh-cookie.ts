import '@fastify/cookie';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { REFRESH_TOKEN_SECONDS } from './refresh-sessions.service.js';

const NAME = 'vedette_refresh';

/** Sent only to the sign-in routes, hidden from scripts, and not sent with requests from other sites. */
const ATTRIBUTES = { path: '/api/v1/auth', httpOnly: true, sameSite: 'strict' } as const;

export function readRefreshCookie(request: FastifyRequest): string | undefined {
  return request.cookies[NAME] || undefined;
}

/** Browsers do not keep a `Secure` cookie over plain HTTP, for example on a laptop. */
export function setRefreshCookie(request: FastifyRequest, reply: FastifyReply, token: string): void {
  void reply.setCookie(NAME, token, {
    ...ATTRIBUTES,
    secure: request.protocol === 'https',
    maxAge: REFRESH_TOKEN_SECONDS,
  });
}

export function clearRefreshCookie(request: FastifyRequest, reply: FastifyReply): void {
  void reply.clearCookie(NAME, { ...ATTRIBUTES, secure: request.protocol === 'https' });
}
