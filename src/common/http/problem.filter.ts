import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isPassingDatabaseFault } from '../errors/database-fault.js';
import { DomainError, type ErrorCode, type FieldError } from '../errors/domain-error.js';
import { requestId } from './request-context.js';

const STATUS_OF: Record<ErrorCode, number> = {
  invalid_input: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  invalid_transition: 409,
  system_rule: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  too_many_requests: 429,
  unavailable: 503,
};

const CODE_OF_STATUS: Record<number, ErrorCode> = {
  400: 'invalid_input',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  409: 'conflict',
  413: 'payload_too_large',
  415: 'unsupported_media_type',
  429: 'too_many_requests',
  503: 'unavailable',
};

const TITLE_OF: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** The advice for 503 answers: a lost database connection is usually back after this time. */
const RETRY_AFTER_SECONDS = 2;

/**
 * A problem document (RFC 9457). `type` is `about:blank`, so `title` is the status phrase. Programs should use `code`.
 */
export interface ProblemDocument {
  type: 'about:blank';
  title: string;
  status: number;
  detail: string;
  code: string;
  request_id?: string;
  errors?: readonly FieldError[];
  [extension: string]: unknown;
}

/**
 * The only place that converts errors to responses. An unknown error is logged in full and becomes a plain 500 with the
 * request id.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger('Http');

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const reply = http.getResponse<FastifyReply>();
    const problem = this.describe(error, http.getRequest<FastifyRequest>());
    if (reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    if (problem.status === 503) void reply.header('retry-after', RETRY_AFTER_SECONDS);
    if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
    void reply
      .status(problem.status)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(JSON.stringify(problem));
  }

  private describe(error: unknown, request: FastifyRequest): ProblemDocument {
    if (error instanceof DomainError) {
      return problemDocument(
        STATUS_OF[error.code],
        error.code,
        error.message,
        requestId(),
        error.fields,
        error.details,
      );
    }
    const status = statusOf(error);
    if (status !== undefined && status < 500) {
      return problemDocument(status, CODE_OF_STATUS[status] ?? 'invalid_input', (error as Error).message);
    }
    if (hasUnstorableText(error)) {
      return problemDocument(400, 'invalid_input', 'Text must not contain the character U+0000.');
    }
    if (isPassingDatabaseFault(error)) {
      this.logger.warn(
        `${request.method} ${request.routeOptions?.url ?? 'unknown route'}: ${(error as Error).message}`,
      );
      return problemDocument(
        503,
        'unavailable',
        'The database is temporarily unavailable. Send the request again in a moment.',
      );
    }
    this.logger.error(
      `${request.method} ${request.routeOptions?.url ?? 'unknown route'} failed`,
      (error as Error)?.stack ?? String(error),
    );
    return problemDocument(
      500,
      'internal',
      'Vedette had an internal error. The server log has the details under this request_id.',
    );
  }
}

/** @param details extension members for programs. */
export function problemDocument(
  status: number,
  code: string,
  detail: string,
  id: string | undefined = requestId(),
  errors: readonly FieldError[] = [],
  details: Readonly<Record<string, unknown>> = {},
): ProblemDocument {
  return {
    ...details,
    type: 'about:blank',
    title: TITLE_OF[status] ?? 'Error',
    status,
    detail,
    code,
    request_id: id,
    ...(errors.length > 0 ? { errors } : {}),
  };
}

/** Nest's exceptions and Fastify's errors (a body that is not JSON, or too large) contain a status. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof HttpException) return error.getStatus();
  const status = (error as { statusCode?: unknown } | undefined)?.statusCode;
  return typeof status === 'number' ? status : undefined;
}

/** PostgreSQL rejects U+0000 with `character_not_in_repertoire` in text and `untranslatable_character` in JSON. */
function hasUnstorableText(error: unknown): boolean {
  const code = (error as { driverError?: { code?: unknown } } | undefined)?.driverError?.code;
  return code === '22021' || code === '22P05';
}
