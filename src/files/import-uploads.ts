import fastifyMultipart from '@fastify/multipart';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { DomainError } from '../common/errors/index.js';

/** Route configuration of a route whose handler reads the body itself, as a stream. Given by `@RouteConfig(STREAMED_BODY)`. */
export const STREAMED_BODY = { streamedBody: true } as const;

const FORM_TYPE = 'multipart/form-data';
const JSON_TYPE = 'application/json';
const RAW_TYPE = 'application/octet-stream';
const RAW_TYPES = [RAW_TYPE, 'application/stix+json'];

/**
 * Lets the routes marked {@link STREAMED_BODY}, and only them, receive forms with files and raw bodies that nothing has read yet: their guards run before
 * the first byte is taken from the socket. Every other route keeps Fastify's JSON parser and refuses these types as before.
 *
 * To be called once, before the application is initialised.
 */
export async function registerImportUploads(app: NestFastifyApplication): Promise<void> {
  await app.register(fastifyMultipart);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addContentTypeParser(RAW_TYPES, (_request, payload, done) => done(null, payload));
  fastify.addHook('onRequest', (request, _reply, done) => {
    const type = mediaTypeOf(request);
    const isUpload = type === FORM_TYPE || RAW_TYPES.includes(type);
    if (isStreamed(request)) {
      // Fastify chooses the parser of a body by its type alone, and the one for JSON reads it whole.
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

/** Fastify reads no body of the others. */
function hasBody({ method }: FastifyRequest): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

function unsupportedType(type: string, accepted: readonly string[]): DomainError {
  return new DomainError('unsupported_media_type', `${type} is not accepted here: send ${accepted.join(', ')}`);
}
