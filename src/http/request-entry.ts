import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DomainError } from '../common/errors/index.js';
import { runInRequestContext } from '../common/http/index.js';
import { securityHeaders } from './security-headers.js';

/** Adds the hook that every request passes first: security headers, the request id, and the request's own headers. */
export function admitRequests(fastify: FastifyInstance): void {
  const headers = securityHeaders();
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers(headers).header('x-request-id', request.id);
    // Many clients send a content type without a body. Fastify would look for a body of that type.
    if (!hasBody(request)) delete request.headers['content-type'];
    runInRequestContext({ requestId: request.id }, done);
  });
}

/**
 * A request has a body if its headers announce one (RFC 9112, section 6.3). Routes that read the body themselves report
 * one that is missing.
 */
function hasBody({ headers, routeOptions }: FastifyRequest): boolean {
  const length = headers['content-length'];
  if (length !== undefined) return Number(length) > 0;
  const isStreamed = (routeOptions.config as { streamedBody?: boolean }).streamedBody === true;
  return isStreamed || headers['transfer-encoding'] !== undefined;
}
