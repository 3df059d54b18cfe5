import { decideEmail, EMAIL_RETRY_DELAYS_MS } from './decide-email.js';

const NOW = new Date('2026-03-10T12:00:00Z');
const failure = (statusCode: number | null, isAboutMessage = true) =>
  ({ kind: 'failed', statusCode, isAboutMessage, error: 'no' }) as const;

describe('the step after an attempt to send', () => {
  it('is none after success', () => {
    expect(decideEmail(1, { kind: 'sent', statusCode: 250 }, NOW, 0.5)).toEqual({ status: 'sent' });
  });

  it('is a retry after a 4xx, no answer, or a refused sign-in', () => {
    for (const outcome of [failure(451), failure(null), failure(535, false)]) {
      expect(decideEmail(1, outcome, NOW, 0.5)).toEqual({
        status: 'pending',
        nextAttemptAt: new Date(NOW.getTime() + 60_000),
      });
    }
  });

  it('is failure after a 5xx about the message, or after the last wait', () => {
    expect(decideEmail(1, failure(550), NOW, 0.5)).toEqual({ status: 'failed' });
    expect(decideEmail(EMAIL_RETRY_DELAYS_MS.length + 1, failure(451), NOW, 0.5)).toEqual({ status: 'failed' });
  });

  it('has growing waits with a jitter of a fifth', () => {
    const waits = EMAIL_RETRY_DELAYS_MS.map((_, index) => {
      const step = decideEmail(index + 1, failure(451), NOW, 0);
      return step.status === 'pending' ? step.nextAttemptAt.getTime() - NOW.getTime() : 0;
    });
    expect(waits).toEqual(EMAIL_RETRY_DELAYS_MS.map((delay) => delay * 0.8));
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
  });
});
