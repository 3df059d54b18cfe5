import { Readable } from 'node:stream';
import { NotFoundException } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import type { RouteAccess } from '../common/access/index.js';
import { DomainError } from '../common/errors/index.js';

/** The methods that a route of ours can have. `OPTIONS` is answered here. */
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/**
 * Answers requests that match no route, before their body is read: 204 for `OPTIONS`, 405 for another method that the
 * path does not have, and 404 for an unknown path. The answers depend on the pattern of the path only, so they do not
 * show whether an id exists.
 */
export function answerUnmatchedRequests(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    if (!request.is404) return done();
    const { method, url } = request;
    const methods = METHODS.filter((known) => fastify.findRoute({ method: known, url }) !== null);
    if (methods.length === 0) return done(new NotFoundException(`Cannot ${method} ${url}`));
    const allowed = [...methods, 'OPTIONS'].join(', ');
    void reply.header('allow', allowed);
    if (method === 'OPTIONS') void reply.status(204).send();
    else done(new DomainError('method_not_allowed', `${method} is not possible here: use ${allowed}`));
  });
}

/**
 * Closes the streams of our routes that a `HEAD` request does not send. Fastify would read them to their end, and some
 * never end. The explorer closes its files itself.
 */
export function closeUnsentStreams(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, _reply, payload, done) => {
    const isOurs = (request.routeOptions.config as Partial<RouteAccess>).access !== undefined;
    if (isOurs && request.method === 'HEAD' && payload instanceof Readable) payload.destroy();
    done(null, payload);
  });
}
