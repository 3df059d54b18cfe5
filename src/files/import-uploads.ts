import fastifyMultipart from '@fastify/multipart';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../common/errors/index.js';

/** Configuration for `@RouteConfig` of a route whose handler reads the body itself, as a stream. */
export const STREAMED_BODY = { streamedBody: true } as const;

const FORM_TYPE = 'multipart/form-data';
const JSON_TYPE = 'application/json';
const RAW_TYPE = 'application/octet-stream';
const RAW_TYPES = [RAW_TYPE, 'application/stix+json'];

/**
 * Lets only routes marked {@link STREAMED_BODY} receive forms with files and raw bodies as unread streams, so that
 * their guards run before the body is read. Every other route keeps Fastify's JSON parser and refuses these types. Call
 * it once, before the application is initialised.
 */
export async function registerImportUploads(app: NestFastifyApplication): Promise<void> {
  await app.register(fastifyMultipart);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addContentTypeParser(RAW_TYPES, (_request, payload, done) => done(null, payload));
  fastify.addHook('onRequest', (request, _reply, done) => {
    const type = mediaTypeOf(request);
    const isUpload = type === FORM_TYPE || RAW_TYPES.includes(type);
    if (isStreamed(request)) {
      // Fastify chooses the parser only by type, and its JSON parser would read the whole body.
      if (type === JSON_TYPE) request.headers['content-type'] = RAW_TYPE;
      else if (!isUpload && type !== '') return done(unsupportedType(type, [FORM_TYPE, JSON_TYPE, ...RAW_TYPES]));
    } else if (isUpload && hasBody(request) && !request.is404) {
      return done(unsupportedType(type, [JSON_TYPE]));
    }
    done();
  });
}

function isStreamed(request: FastifyRequest): boolean {
  return (request.routeOptions.config as { streamedBody?: boolean } | undefined)?.streamedBody === true;
}

function mediaTypeOf(request: FastifyRequest): string {
  return (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
}

/** Fastify does not read the body of GET and HEAD requests. */
function hasBody({ method }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

function unsupportedType(type: string, accepted: readonly string[]): DomainError {
  return new DomainError('unsupported_media_type', `${type} is not accepted here: send ${accepted.join(', ')}`);
}
