import { AddressRefusedError, type RefusalTier } from '../address-guard/index.js';

/** Why there was no answer. */
export interface ExchangeFailure {
  kind: 'timeout' | 'refused' | 'unreachable';
  /**
   * For people. It contains at most the host, because the path and query may be a credential. For the same reason it
   * never includes messages of other libraries.
   */
  error: string;
  /** The kind of address, if the address guard refused it. */
  tier?: RefusalTier;
}

const MESSAGES: Partial<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset before the answer was complete',
  EPIPE: 'the connection was reset before the answer was complete',
  UND_ERR_SOCKET: 'the connection was closed before the answer was complete',
  ENOTFOUND: 'the host name does not resolve',
  EAI_AGAIN: 'the host name does not resolve at the moment',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the host',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the answer are too large',
};

const TIMEOUTS = new Set(['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']);
const EXCHANGE_TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

export function describeFailure(
  error: unknown,
  timeouts: { connectTimeoutMs: number; exchangeTimeoutMs: number },
): ExchangeFailure {
  if (error instanceof AddressRefusedError) return { kind: 'refused', error: error.message, tier: error.tier };
  const code = codeOf(error);
  if (TIMEOUTS.has(code)) {
    return { kind: 'timeout', error: `no connection within ${timeouts.connectTimeoutMs / 1000} s` };
  }
  if (EXCHANGE_TIMEOUTS.has(code)) return exchangeTimeout(timeouts.exchangeTimeoutMs);
  if (/CERT|TLS|SSL|UNABLE_TO_/.test(code)) return { kind: 'unreachable', error: `no TLS connection: ${code}` };
  if (code.startsWith('HPE_')) return { kind: 'unreachable', error: `the answer is not HTTP: ${code}` };
  return { kind: 'unreachable', error: MESSAGES[code] ?? `the request failed: ${code}` };
}

export function exchangeTimeout(exchangeTimeoutMs: number): ExchangeFailure {
  return { kind: 'timeout', error: `no complete answer within ${exchangeTimeoutMs / 1000} s` };
}

function codeOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown };
  return typeof code === 'string' ? code : typeof name === 'string' ? name : 'unknown error';
}
