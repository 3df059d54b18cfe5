import type { FieldError } from '../../common/errors/index.js';

const MAX_HEADERS = 20;
const MAX_VALUE_LENGTH = 1_000;

/** RFC 9110, section 5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}$/;

/** Visible ASCII, with spaces and tabs inside: every server accepts it, and it cannot end a header. */
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;

/** Headers that the format, the connection or a proxy sets. */
const RESERVED = new Set([
  'host',
  'content-type',
  'content-length',
  'content-encoding',
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

/** Problems of the extra headers for an endpoint. No message repeats a value, because it may be a token. */
export function headerProblems(given: unknown): FieldError[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return [{ field: 'headers', message: 'must be an object of header names and values' }];
  }
  const entries = Object.entries(given as Record<string, unknown>);
  if (entries.length > MAX_HEADERS) return [{ field: 'headers', message: `must have at most ${MAX_HEADERS} headers` }];
  const seen = new Set<string>();
  return entries.flatMap(([name, value]) => {
    const message = nameProblem(name, seen) ?? valueProblem(value);
    seen.add(name.toLowerCase());
    return message === undefined ? [] : [{ field: `headers.${name.replace(/[^!-~]/g, '?').slice(0, 100)}`, message }];
  });
}

/** The headers as they are sent, with names in lower case. */
export function normalHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

function nameProblem(name: string, seen: ReadonlySet<string>): string | undefined {
  if (!TOKEN.test(name)) return "must have a name of up to 100 letters, digits and !#$%&'*+-.^_`|~";
  const lower = name.toLowerCase();
  if (RESERVED.has(lower) || lower.startsWith('webhook-')) return 'must not be a header that the delivery sets itself';
  return seen.has(lower) ? 'must be given only once: upper and lower case are the same' : undefined;
}

function valueProblem(value: unknown): string | undefined {
  return typeof value === 'string' && value.length <= MAX_VALUE_LENGTH && VALUE.test(value)
    ? undefined
    : `must be up to ${MAX_VALUE_LENGTH} visible ASCII characters, without line breaks`;
}
