import type { AttemptOutcome } from './retry-policy.js';

/** Why an attempt succeeded or failed. The set is small, so that it can be a metric label. */
export type AttemptReason =
  | 'ok'
  | 'redirect'
  | 'gone'
  | 'rate_limited'
  | 'client_error'
  | 'server_error'
  | 'unexpected_status'
  | 'timeout'
  | 'refused'
  | 'unreachable';

export function attemptReason(outcome: AttemptOutcome): AttemptReason {
  if (outcome.kind !== 'response') return outcome.kind;
  const { statusCode } = outcome;
  if (statusCode === 410) return 'gone';
  if (statusCode === 429) return 'rate_limited';
  const byClass: Partial<Record<number, AttemptReason>> = {
    2: 'ok',
    3: 'redirect',
    4: 'client_error',
    5: 'server_error',
  };
  return byClass[Math.floor(statusCode / 100)] ?? 'unexpected_status';
}
