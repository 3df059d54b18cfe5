const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How long to wait after attempt 1, 2, and so on; the attempt after the last wait is the last one. */
export const EMAIL_RETRY_DELAYS_MS: readonly number[] = [
  MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
];

/** Each wait is changed by up to this share, in both directions. */
const JITTER = 0.2;

/** The result of an attempt. */
export type SendOutcome =
  | { kind: 'sent'; statusCode: number | null }
  | {
      kind: 'failed';
      /** The server's reply code (RFC 5321, section 4.2); null if it gave none. */
      statusCode: number | null;
      /** True for a failure of this message or its recipient; false for one of the server or our account on it. */
      isAboutMessage: boolean;
      error: string;
    };

export type EmailStep = { status: 'sent' } | { status: 'failed' } | { status: 'pending'; nextAttemptAt: Date };

/**
 * A 5xx about the message or its recipient is final. Everything else is retried: a 4xx, a server that cannot be
 * reached, and a refused sign-in, which a change of the settings can fix.
 * @param attempt the number of the last attempt, from 1.
 * @param random from 0 up to but not including 1.
 */
export function decideEmail(attempt: number, outcome: SendOutcome, now: Date, random: number): EmailStep {
  if (outcome.kind === 'sent') return { status: 'sent' };
  const delay = EMAIL_RETRY_DELAYS_MS[attempt - 1];
  const isFinal = outcome.isAboutMessage && outcome.statusCode !== null && outcome.statusCode >= 500;
  if (isFinal || delay === undefined) return { status: 'failed' };
  return {
    status: 'pending',
    nextAttemptAt: new Date(now.getTime() + Math.round(delay * (1 + JITTER * (2 * random - 1)))),
  };
}
