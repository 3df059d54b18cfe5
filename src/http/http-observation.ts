import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { Metrics } from '../metrics/index.js';
import { Tracing, type RequestSpan } from '../tracing/index.js';

/** Monitors request these every few seconds. Their spans would bury the others. */
const NOT_TRACED = /^\/(?:metrics|health)(?:\/|$)/;

/** Other methods are the caller's invention and must not become time series. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Times and traces every request by its route pattern. */
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
  // Reading the body loses the context of the first hook. The route's handler needs it.
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
