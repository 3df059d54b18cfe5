import fc from 'fast-check';
import { nextStep, JITTER, MAX_ATTEMPTS, pauseAfter, RETRY_DELAYS_MS, type AttemptOutcome } from './retry-policy.js';

const NOW = new Date('2026-03-10T12:00:00Z');
const MIDDLE = 0.5;

const answered = (statusCode: number, retryAfter: string | null = null): AttemptOutcome => ({
  kind: 'response',
  statusCode,
  retryAfter,
});

/** Milliseconds until the next attempt; undefined if there is none. */
function waitMs(attempt: number, outcome: AttemptOutcome, random = MIDDLE): number | undefined {
  const next = nextStep(attempt, outcome, NOW, random);
  return next.status === 'pending' ? next.nextAttemptAt.getTime() - NOW.getTime() : undefined;
}

const attempts = fc.integer({ min: 1, max: MAX_ATTEMPTS + 5 });
const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const failures: fc.Arbitrary<AttemptOutcome> = fc.oneof(
  fc.constantFrom<AttemptOutcome>({ kind: 'timeout' }, { kind: 'refused' }, { kind: 'unreachable' }),
  fc.record({
    kind: fc.constant('response' as const),
    statusCode: fc.integer({ min: 300, max: 599 }),
    retryAfter: fc.option(
      fc.oneof(
        fc.nat().map(String),
        fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        fc.string(),
      ),
    ),
  }),
);

describe('nextStep', () => {
  it('is delivered after any 2xx answer, at any attempt', () => {
    fc.assert(
      fc.property(attempts, fc.integer({ min: 200, max: 299 }), randoms, (attempt, statusCode, random) => {
        expect(nextStep(attempt, answered(statusCode), NOW, random)).toEqual({ status: 'delivered' });
      }),
    );
  });

  it('follows the schedule and gives up after the tenth attempt', () => {
    const waits = Array.from({ length: 10 }, (_, index) => waitMs(index + 1, answered(500)));
    const seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];

    expect(waits).toEqual([...seconds.map((wait) => wait * 1_000), undefined]);
    expect(nextStep(10, answered(500), NOW, MIDDLE)).toEqual({ status: 'failed', disableEndpoint: false });
  });

  it('varies each wait by at most a fifth in both directions', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MAX_ATTEMPTS - 1 }), randoms, (attempt, random) => {
        const step = RETRY_DELAYS_MS[attempt - 1] as number;
        const wait = waitMs(attempt, { kind: 'unreachable' }, random) as number;
        expect(wait).toBeGreaterThanOrEqual(step * (1 - JITTER));
        expect(wait).toBeLessThanOrEqual(step * (1 + JITTER));
      }),
    );
    expect(waitMs(1, answered(500), 0)).toBe(4_000);
  });

  it('waits more than 0 and at most 28.8 hours, and never makes an eleventh attempt', () => {
    fc.assert(
      fc.property(attempts, failures, randoms, (attempt, outcome, random) => {
        const wait = waitMs(attempt, outcome, random);
        if (attempt >= MAX_ATTEMPTS) {
          expect(wait).toBeUndefined();
        } else if (wait !== undefined) {
          expect(wait).toBeGreaterThan(0);
          expect(wait).toBeLessThanOrEqual(28.8 * 3_600_000);
        }
      }),
    );
  });

  it.each([
    ['seconds', '120', 120_000],
    ['an HTTP date', 'Tue, 10 Mar 2026 12:10:00 GMT', 600_000],
    ['an RFC 850 date', 'Tuesday, 10-Mar-26 12:10:00 GMT', 600_000],
    ['an asctime date', 'Tue Mar 10 12:10:00 2026', 600_000],
    ['less than the step', '1', 5_000],
    ['a date that has passed', 'Tue, 10 Mar 2026 11:00:00 GMT', 5_000],
    ['more than a day', '999999999', 86_400_000],
    ['nonsense', 'soon', 5_000],
    ['a negative number', '-5', 5_000],
  ])('follows Retry-After: %s', (_, retryAfter, expected) => {
    expect(waitMs(1, answered(503, retryAfter))).toBe(expected);
  });

  it.each([429, 502, 504])('waits at least a minute after an answer of %i', (statusCode) => {
    expect(waitMs(1, answered(statusCode))).toBe(60_000);
    expect(waitMs(1, answered(statusCode, '90'))).toBe(90_000);
    expect(waitMs(2, answered(statusCode))).toBe(300_000);
  });

  it('waits at least a minute after a time-out', () => {
    expect(waitMs(1, { kind: 'timeout' })).toBe(60_000);
  });

  it.each([400, 401, 403, 404, 413, 415])('tries %i three times', (statusCode) => {
    expect(waitMs(2, answered(statusCode))).toBe(300_000);
    expect(nextStep(3, answered(statusCode), NOW, MIDDLE)).toEqual({ status: 'failed', disableEndpoint: false });
  });

  it('treats a redirect like any other failure', () => {
    expect(waitMs(1, answered(302))).toBe(5_000);
  });

  it('gives up at once after 410 and disables the endpoint', () => {
    expect(nextStep(1, answered(410), NOW, MIDDLE)).toEqual({ status: 'failed', disableEndpoint: true });
  });

  it('makes no more attempts than the given maximum', () => {
    expect(nextStep(1, answered(500), NOW, MIDDLE, 1)).toEqual({ status: 'failed', disableEndpoint: false });
  });

  it('retries a pager within seconds, and for minutes at most', () => {
    const waits = [1, 2, 3, 4, 5, 6].map((attempt) => {
      const next = nextStep(attempt, answered(500), NOW, MIDDLE, MAX_ATTEMPTS, 'pager');
      return next.status === 'pending' ? (next.nextAttemptAt.getTime() - NOW.getTime()) / 1_000 : next.status;
    });

    expect(waits).toEqual([2, 5, 15, 60, 300, 'failed']);
  });

  it.each([
    [answered(429), 60],
    [answered(429, '90'), 90],
    [answered(502, '5'), 60],
    [answered(504, String(48 * 3_600)), 24 * 3_600],
    [answered(429, new Date(NOW.getTime() + 600_000).toUTCString()), 600],
    [{ kind: 'timeout' } as const, 60],
    [answered(500, '90'), null],
    [answered(503), null],
    [{ kind: 'unreachable' } as const, null],
  ])('pauses the endpoint after %j for %j seconds', (outcome, seconds) => {
    const until = pauseAfter(outcome, NOW);

    expect(until && (until.getTime() - NOW.getTime()) / 1_000).toBe(seconds);
  });
});
