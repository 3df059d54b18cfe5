const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const INSTANT =
  /^(\d{4}-\d{2}-\d{2})(?:T(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d))?$/;

/** The input of {@link parseInstant}, as an error message. */
export const INSTANT_WORDS =
  'must be an ISO 8601 date from 1970 on such as 2026-03-01, or a date and time with its zone such as 2026-03-01T09:30:00Z';

/** The input of {@link isCalendarDate}, as an error message. */
export const DATE_WORDS = 'must be a date from 1970 on, written YYYY-MM-DD';

/** Whether the text is `YYYY-MM-DD` and the day exists. */
export function isCalendarDate(text: unknown): text is string {
  const match = typeof text === 'string' ? DATE.exec(text) : null;
  if (!match) return false;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  const date = new Date(Date.UTC(year, month - 1, day));
  return year >= 1970 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/**
 * Parses an ISO 8601 date, which means its first instant in UTC, or a date and time with a zone. A time without a zone
 * is ambiguous and rejected.
 * @returns undefined for any other input, for days that do not exist and for years before 1970 or, in UTC, after 9999.
 */
export function parseInstant(text: unknown): Date | undefined {
  const match = typeof text === 'string' ? INSTANT.exec(text) : null;
  if (!match || !isCalendarDate(match[1])) return undefined;
  const instant = new Date(match[0]);
  return instant.getUTCFullYear() <= 9999 ? instant : undefined;
}

/** The date in UTC, `YYYY-MM-DD`. */
export function utcDate(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}
