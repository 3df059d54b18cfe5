import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { Metrics } from '../metrics/index.js';
import { Tracing, type RequestSpan } from '../tracing/index.js';

/** What monitors ask for every few seconds; a span for each would bury the others. */
const NOT_TRACED = /^\/(?:metrics|health)(?:\/|$)/;

/** A method that no route has is the caller's invention, and must not become a series of its own. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Times every request by the pattern of its route, and traces it. */
export function observeRequests(app: NestFastifyApplication): void {
  const metrics = app.get(Metrics);
  const tracing = app.get(Tracing);
  const fastify = app.getHttpAdapter().getInstance();
  const spans = new WeakMap<FastifyRequest, RequestSpan>();
  fastify.addHook('onRequest', (request, _reply, done) => {
    const route = routeOf(request);
    const span = NOT_TRACED.test(route)
      ? undefined
      : tracing.request(`${methodOf(request)} ${route}`, request.headers, {
          'http.request.method': methodOf(request),
          'http.route': route,
          'url.scheme': request.protocol,
        });
    if (span) spans.set(request, span);
    if (span) span.enter(done);
    else done();
  });
  // Reading the body leaves the context of the first hook behind; the route's handler must be in it.
  fastify.addHook('preHandler', (request, _reply, done) => {
    const span = spans.get(request);
    if (span) span.enter(done);
    else done();
  });
  fastify.addHook('onResponse', (request, reply, done) => {
    metrics.httpAnswered(routeOf(request), methodOf(request), reply.statusCode, reply.elapsedTime / 1000);
    spans.get(request)?.end(reply.statusCode);
    done();
  });
}

function routeOf({ is404, routeOptions }: FastifyRequest): string {
  return is404 ? 'unmatched' : (routeOptions.url ?? 'unmatched');
}

function methodOf({ method }: FastifyRequest): string {
  return METHODS.has(method) ? method : 'other';
}
