import { attemptReason } from './attempt-reason.js';

describe('attemptReason', () => {
  it.each([
    [200, 'ok'],
    [204, 'ok'],
    [302, 'redirect'],
    [400, 'client_error'],
    [410, 'gone'],
    [429, 'rate_limited'],
    [499, 'client_error'],
    [500, 'server_error'],
    [599, 'server_error'],
    [101, 'unexpected_status'],
    [600, 'unexpected_status'],
  ])('gives an answer of %i the reason %s', (statusCode, reason) => {
    expect(attemptReason({ kind: 'response', statusCode, retryAfter: null })).toBe(reason);
  });

  it.each(['timeout', 'refused', 'unreachable'] as const)(
    'uses the kind of failure as the reason if there was no answer: %s',
    (kind) => {
      expect(attemptReason({ kind })).toBe(kind);
    },
  );
});
