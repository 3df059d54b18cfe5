import { MAX_RETRY_AFTER_MS, retryAfterMs } from './retry-after.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

export type Urgency = 'normal' | 'pager';

/** How long to wait after attempt 1, 2, and so on. The attempt after the last wait is the last attempt. */
export const RETRY_DELAYS_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];
/** A page is only useful within minutes. */
export const PAGER_RETRY_DELAYS_MS: readonly number[] = [
  2 * SECOND_MS,
  5 * SECOND_MS,
  15 * SECOND_MS,
  60 * SECOND_MS,
  5 * MINUTE_MS,
];
export const MAX_ATTEMPTS = RETRY_DELAYS_MS.length + 1;

const DELAYS_MS: Record<Urgency, readonly number[]> = { normal: RETRY_DELAYS_MS, pager: PAGER_RETRY_DELAYS_MS };

/** Each wait varies by this share in both directions, so that deliveries that failed together do not retry together. */
export const JITTER = 0.2;

/** No delivery waits longer for its next attempt, and no endpoint is paused for longer. */
export const LONGEST_DELAY_MS = Math.max(
  ...RETRY_DELAYS_MS.map((delayMs) => delayMs * (1 + JITTER)),
  MAX_RETRY_AFTER_MS,
);

/** The receiver, or a proxy in front of it, is overloaded. It gets at least this pause. */
const OVERWHELMED_PAUSE_MS = MINUTE_MS;
const OVERWHELMED = new Set([429, 502, 504]);

/**
 * A retry will rarely change these answers. A few retries outlast a short outage during a deployment of the receiver.
 */
const LIKELY_PERMANENT = new Set([400, 401, 403, 404, 413, 415]);
const MAX_ATTEMPTS_WHEN_LIKELY_PERMANENT = 3;

const GONE = 410;

/** The outcome of an attempt, as far as the next step depends on it. */
export type AttemptOutcome =
  { kind: 'response'; statusCode: number; retryAfter: string | null } | { kind: 'timeout' | 'refused' | 'unreachable' };

export type NextStep =
  | { status: 'delivered' | 'skipped' }
  | { status: 'failed'; disableEndpoint: boolean }
  | { status: 'pending'; nextAttemptAt: Date };

/**
 * Decides the next step after an attempt.
 * @param attempt the number of the completed attempt, from 1.
 * @param random from 0 up to but not including 1; decides the jitter.
 * @param maxAttempts the maximum number of attempts of the delivery.
 */
export function nextStep(
  attempt: number,
  outcome: AttemptOutcome,
  now: Date,
  random: number,
  maxAttempts = MAX_ATTEMPTS,
  urgency: Urgency = 'normal',
): NextStep {
  const statusCode = outcome.kind === 'response' ? outcome.statusCode : null;
  if (statusCode !== null && statusCode >= 200 && statusCode < 300) return { status: 'delivered' };
  if (statusCode === GONE) return { status: 'failed', disableEndpoint: true };
  const step = DELAYS_MS[urgency][attempt - 1];
  if (step === undefined || attempt >= Math.min(maxAttempts, maxAttemptsFor(statusCode))) {
    return { status: 'failed', disableEndpoint: false };
  }
  const delayMs = Math.max(step * (1 + JITTER * (2 * random - 1)), minDelayMs(outcome, now));
  return { status: 'pending', nextAttemptAt: new Date(now.getTime() + Math.round(delayMs)) };
}

/** The end of the pause for all deliveries to an endpoint that is overloaded; null if it needs no pause. */
export function pauseAfter(outcome: AttemptOutcome, now: Date): Date | null {
  const isOverwhelmed =
    outcome.kind === 'timeout' || (outcome.kind === 'response' && OVERWHELMED.has(outcome.statusCode));
  return isOverwhelmed ? new Date(now.getTime() + minDelayMs(outcome, now)) : null;
}

function maxAttemptsFor(statusCode: number | null): number {
  return statusCode !== null && LIKELY_PERMANENT.has(statusCode) ? MAX_ATTEMPTS_WHEN_LIKELY_PERMANENT : MAX_ATTEMPTS;
}

function minDelayMs(outcome: AttemptOutcome, now: Date): number {
  if (outcome.kind === 'timeout') return OVERWHELMED_PAUSE_MS;
  if (outcome.kind !== 'response') return 0;
  return Math.max(
    OVERWHELMED.has(outcome.statusCode) ? OVERWHELMED_PAUSE_MS : 0,
    retryAfterMs(outcome.retryAfter, now),
  );
}
