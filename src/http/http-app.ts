import fastifyCookie from '@fastify/cookie';
import { ValidationPipe, type Type, type ValidationError } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { RawServerDefault } from 'fastify';
import { ALERT_PAGES } from '../common/alert-link.js';
import type { RouteAccess } from '../common/access/index.js';
import { invalidInput, type FieldError } from '../common/errors/index.js';
import {
  answerClientError,
  answerFrameworkError,
  checkInput,
  ProblemFilter,
  unknownFieldMessage,
} from '../common/http/index.js';
import { newId } from '../common/ids.js';
import { registerImportUploads } from '../files/import-uploads.js';
import { observeRequests } from './http-observation.js';
import { admitRequests } from './request-entry.js';
import { answerUnmatchedRequests, closeUnsentStreams } from './unmatched-requests.js';

export const API_PREFIX = 'api/v1';

/**
 * Largest JSON body, except for the routes below. Input that must be parsed before it can be refused has to be small.
 */
const BODY_LIMIT_BYTES = 64 * 1024;

/** Anyone may send a body to a public route. */
const PUBLIC_BODY_LIMIT_BYTES = 16 * 1024;

/** 10,000 posture items with all fields take about 2 MB. */
const LARGER_BODIES: Record<string, number> = { [`/${API_PREFIX}/posture`]: 8 * 1024 * 1024 };

/** More errors than this do not help to correct the input. */
const MAX_FIELD_ERRORS = 100;

export function createHttpAdapter({ trustProxy = false } = {}): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: BODY_LIMIT_BYTES,
    // Node would answer a request without Host by itself, without a problem document.
    http: { requireHostHeader: false },
    trustProxy,
    genReqId: () => newId(),
    requestIdHeader: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 1_000, ignoreTrailingSlash: true },
    frameworkErrors: answerFrameworkError,
    clientErrorHandler: answerClientError,
  });
}

/**
 * Sets up everything between a socket and a controller: prefix, security headers, request ids, validation, problem
 * documents.
 */
export async function configureHttp(app: NestFastifyApplication): Promise<void> {
  app.setGlobalPrefix(API_PREFIX, { exclude: ['health/live', 'health/ready', 'metrics', `${ALERT_PAGES}/:id`] });
  app.useGlobalPipes(
    new ValidationPipe({
      whitelist: true,
      forbidNonWhitelisted: true,
      transform: true,
      transformOptions: { exposeDefaultValues: true },
      stopAtFirstError: true,
      validationError: { target: true, value: false },
      exceptionFactory: (errors) =>
        invalidInput(errors.flatMap((error) => fieldErrors(error)).slice(0, MAX_FIELD_ERRORS)),
    }),
  );
  app.useGlobalFilters(new ProblemFilter());
  const fastify = app.getHttpAdapter().getInstance();
  admitRequests(fastify);
  observeRequests(app);
  answerUnmatchedRequests(fastify);
  closeUnsentStreams(fastify);
  await app.register(fastifyCookie);
  await registerImportUploads(app);
  acceptEmptyJson(app);
  fastify.addHook('onRoute', (route) => {
    const isPublic = (route.config as Partial<RouteAccess> | undefined)?.access === 'public';
    route.bodyLimit ??= isPublic ? PUBLIC_BODY_LIMIT_BYTES : LARGER_BODIES[route.url];
  });
  checkInput(fastify);
}

/** A chunked body announces no length. An empty one is no body, although it has the type of JSON. */
function acceptEmptyJson(app: NestFastifyApplication): void {
  const parse = app.getHttpAdapter().getInstance().getDefaultJsonParser('error', 'error');
  app.useBodyParser<RawServerDefault>('application/json', {}, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else void parse(request, body as never, done);
  });
}

/** Flattens validation errors to paths that the sender can find: `items[3].risk_score`. */
function fieldErrors(error: ValidationError, parent = '', request = classOf(error)): FieldError[] {
  const isIndex = /^\d+$/.test(error.property);
  const field = isIndex ? `${parent}[${error.property}]` : parent ? `${parent}.${error.property}` : error.property;
  const own = Object.entries(error.constraints ?? {}).map(([constraint, message]) => ({
    field,
    message:
      constraint === 'whitelistValidation' ? unknownFieldMessage(request, field) : withoutName(message, error.property),
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => fieldErrors(child, field, request))];
}

function classOf({ target }: ValidationError): Type<object> | undefined {
  return target?.constructor as Type<object> | undefined;
}

/** class-validator begins its messages with the property name, which `field` already has. */
function withoutName(message: string, property: string): string {
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}
