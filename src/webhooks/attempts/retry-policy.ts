import { retryAfterMs } from './retry-after.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

export type Urgency = 'normal' | 'pager';

/** How long to wait after attempt 1, 2, and so on; the attempt after the last wait is the last one. */
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
/** A page is of use within minutes or not at all. */
export const PAGER_RETRY_DELAYS_MS: readonly number[] = [
  2 * SECOND_MS,
  5 * SECOND_MS,
  15 * SECOND_MS,
  60 * SECOND_MS,
  5 * MINUTE_MS,
];
export const MAX_ATTEMPTS = RETRY_DELAYS_MS.length + 1;

const DELAYS_MS: Record<Urgency, readonly number[]> = { normal: RETRY_DELAYS_MS, pager: PAGER_RETRY_DELAYS_MS };

/** Each wait is spread by so much in both directions, so that what failed together does not come back together. */
export const JITTER = 0.2;

/** The receiver, or what stands before it, is overwhelmed: it gets this long at least. */
const OVERWHELMED_PAUSE_MS = MINUTE_MS;
const OVERWHELMED = new Set([429, 502, 504]);

/** Answers that a repetition will hardly change; a few tries outlast a deployment of the receiver that went wrong for a moment. */
const HARDLY_PASSING = new Set([400, 401, 403, 404, 413, 415]);
const MAX_ATTEMPTS_WHEN_HARDLY_PASSING = 3;

const GONE = 410;

/** What came of an attempt, as far as the next step depends on it. */
export type AttemptOutcome =
  { kind: 'response'; statusCode: number; retryAfter: string | null } | { kind: 'timeout' | 'refused' | 'unreachable' };

export type NextStep =
  | { status: 'delivered' | 'skipped' }
  | { status: 'failed'; disableEndpoint: boolean }
  | { status: 'pending'; nextAttemptAt: Date };

/**
 * Decides what follows an attempt.
 * @param attempt the number of the attempt that was just made, from 1.
 * @param random from 0 up to but not including 1; decides the jitter.
 * @param maxAttempts how many attempts the delivery gets in all.
 */
export function decideNext(
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
  if (step === undefined || attempt >= Math.min(maxAttempts, attemptsFor(statusCode)))
    return { status: 'failed', disableEndpoint: false };
  const delayMs = Math.max(step * (1 + JITTER * (2 * random - 1)), leastDelayMs(outcome, now));
  return { status: 'pending', nextAttemptAt: new Date(now.getTime() + Math.round(delayMs)) };
}

/** Until when everything for the endpoint waits, where the receiver is overwhelmed or says so. */
export function pauseAfter(outcome: AttemptOutcome, now: Date): Date | null {
  const isOverwhelmed =
    outcome.kind === 'timeout' || (outcome.kind === 'response' && OVERWHELMED.has(outcome.statusCode));
  return isOverwhelmed ? new Date(now.getTime() + leastDelayMs(outcome, now)) : null;
}

function attemptsFor(statusCode: number | null): number {
  return statusCode !== null && HARDLY_PASSING.has(statusCode) ? MAX_ATTEMPTS_WHEN_HARDLY_PASSING : MAX_ATTEMPTS;
}

function leastDelayMs(outcome: AttemptOutcome, now: Date): number {
  if (outcome.kind === 'timeout') return OVERWHELMED_PAUSE_MS;
  if (outcome.kind !== 'response') return 0;
  return Math.max(
    OVERWHELMED.has(outcome.statusCode) ? OVERWHELMED_PAUSE_MS : 0,
    retryAfterMs(outcome.retryAfter, now),
  );
}
