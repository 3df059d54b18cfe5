import type { FastifyInstance, FastifyRequest } from 'fastify';
import { DomainError } from '../common/errors/index.js';
import { runInRequestContext } from '../common/http/index.js';
import { EXPLORER_PATH } from './openapi.js';
import { securityHeaders } from './security-headers.js';

/** The pages and files of the explorer hold no data, so browsers may keep them. */
const EXPLORER_ROUTE = new RegExp(`^/${EXPLORER_PATH}(?:/|$)`);

/** Adds the hook that every request passes first: headers of the answer, the request id, and the request's headers. */
export function admitRequests(fastify: FastifyInstance): void {
  const explorerHeaders = securityHeaders();
  const dataHeaders = { ...explorerHeaders, 'cache-control': 'no-store' };
  fastify.addHook('onRequest', (request, reply, done) => {
    const isExplorer = EXPLORER_ROUTE.test(request.routeOptions.url ?? '');
    void reply.headers(isExplorer ? explorerHeaders : dataHeaders).header('x-request-id', request.id);
    // Many clients send a content type without a body. Fastify would look for a body of that type.
    if (!hasBody(request)) delete request.headers['content-type'];
    runInRequestContext({ requestId: request.id }, () => done(hostFault(request)));
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

/** Requests of HTTP/1.1 have exactly one `Host` (RFC 9112, section 3.2). Two could mean two sites to two servers. */
function hostFault({ raw }: FastifyRequest): DomainError | undefined {
  const { rawHeaders, httpVersion } = raw;
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    if (rawHeaders[index]!.length === 4 && rawHeaders[index]!.toLowerCase() === 'host') hosts++;
  }
  if (hosts === 1 || (hosts === 0 && httpVersion === '1.0')) return undefined;
  return new DomainError('invalid_input', `a request needs exactly one Host header; this one has ${hosts}`);
}
