/** A fault of one input field. */
export interface FieldError {
  /** The path of the field as the sender wrote it, such as `config.min_count` or `items[17].risk_score`. */
  field: string;
  /** The accepted input, as a sentence fragment such as `must be a number from 0 to 100`. */
  message: string;
}

/** Stable error codes. Only the HTTP filter maps them to a status; the command line prints the message. */
export type ErrorCode =
  | 'invalid_input'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'conflict'
  | 'invalid_transition'
  | 'system_rule'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'too_many_requests'
  | 'unavailable';

/** An error that the caller can fix. People see its message, so it must not contain secrets. */
export class DomainError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly fields: readonly FieldError[] = [],
    /** Data for programs, added to the problem document as extension members. */
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.name = 'DomainError';
  }
}

export function invalidInput(fields: readonly FieldError[], message?: string): DomainError {
  const [first] = fields;
  const summary = first ? `${first.field} ${first.message}` : 'the input is not valid';
  const more = fields.length > 1 ? ` (and ${fields.length - 1} more)` : '';
  return new DomainError('invalid_input', message ?? summary + more, fields);
}

export function invalidField(field: string, message: string): DomainError {
  return invalidInput([{ field, message }]);
}

/** Also for ids of other organisations, so that they look like ids that do not exist. */
export function notFound(what: string, id: string): DomainError {
  return new DomainError('not_found', `there is no ${what} ${id}`);
}

export function conflict(message: string, fields: readonly FieldError[] = []): DomainError {
  return new DomainError('conflict', message, fields);
}

export function forbidden(message: string): DomainError {
  return new DomainError('forbidden', message);
}

export function unauthenticated(message: string): DomainError {
  return new DomainError('unauthenticated', message);
}
