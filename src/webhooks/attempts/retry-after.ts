export const MAX_RETRY_AFTER_MS = 24 * 3_600_000;

/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3): seconds, or an HTTP date in any of its three forms.
 * @returns milliseconds from `now`, 0 to 24 hours; 0 if the header is missing or invalid.
 */
export function retryAfterMs(header: string | null, now: Date): number {
  const text = header?.trim() ?? '';
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, MAX_RETRY_AFTER_MS);
  const instant = httpDate(text);
  if (instant === null) return 0;
  return Math.min(Math.max(instant - now.getTime(), 0), MAX_RETRY_AFTER_MS);
}

/** RFC 9110 dates are always in GMT; the asctime form does not say so. */
function httpDate(text: string): number | null {
  if (!/^[A-Z][a-z]{2,8},? .*\d{2}:\d{2}:\d{2}/.test(text)) return null;
  const instant = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(instant) ? null : instant;
}
