/** Wall-clock times in a person's time zone. All functions use `Intl`, which knows about summer time. */

/**
 * Whether `text` is the name of a known time zone, such as `Europe/Paris`. An offset such as `+02:00` is not: it has no
 * summer time.
 */
export function isTimeZone(text: string): boolean {
  if (!/^[A-Za-z]/.test(text)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;

/** Quiet hours and the wait for a digest last no longer: a day and the largest shift of a clock, two hours. */
export const LONGEST_WAIT_MS = (DAY_MINUTES + 120) * MINUTE_MS;

/** Minutes since the local midnight of `HH:MM`. */
export function minuteOfDay(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

/** Quiet hours, from one time of day to just before another. They pass midnight if `from` is later than `until`. */
export interface QuietHours {
  /** `HH:MM` */
  from: string;
  /** `HH:MM` */
  until: string;
  timeZone: string;
}

/**
 * When the quiet hours that are running end: the first minute that the local clock shows outside them. If the clock
 * goes back, an hour comes twice and is quiet both times; if it skips `until`, they end at the jump.
 * @returns null outside quiet hours.
 */
export function quietUntil(now: Date, hours: QuietHours): Date | null {
  const { timeZone, until } = hours;
  let quiet = now;
  while (isQuiet(quiet, hours)) {
    const minutesLeft = (minuteOfDay(until) - localTime(quiet, timeZone).minutes + DAY_MINUTES) % DAY_MINUTES;
    const end = new Date((minuteNumber(quiet) + minutesLeft) * MINUTE_MS);
    // If the clock changes before `end`, only the time until the change is sure to be quiet.
    quiet = clockChange(quiet, end, timeZone) ?? end;
  }
  return quiet > now ? quiet : null;
}

function isQuiet(instant: Date, { from, until, timeZone }: QuietHours): boolean {
  const start = minuteOfDay(from);
  const end = minuteOfDay(until);
  const { minutes } = localTime(instant, timeZone);
  return start <= end ? minutes >= start && minutes < end : minutes >= start || minutes < end;
}

/** The first minute after `from`, up to `to`, with another offset than `from`; undefined without a change. */
function clockChange(from: Date, to: Date, timeZone: string): Date | undefined {
  const before = offsetMs(from, timeZone);
  if (offsetMs(to, timeZone) === before) return undefined;
  let same = minuteNumber(from);
  let changed = minuteNumber(to);
  while (changed - same > 1) {
    const middle = Math.floor((same + changed) / 2);
    if (offsetMs(new Date(middle * MINUTE_MS), timeZone) === before) same = middle;
    else changed = middle;
  }
  return new Date(changed * MINUTE_MS);
}

/** Whole minutes since 1970. */
function minuteNumber(instant: Date): number {
  return Math.floor(instant.getTime() / MINUTE_MS);
}

/**
 * The first instant after `now` at which the local clock shows this minute of the day. If the clock skips that
 * minute, the instant of the jump; if the minute comes twice, the first.
 */
export function nextAt(now: Date, minute: number, timeZone: string): Date {
  const today = localTime(now, timeZone);
  for (let day = 0; day <= 2; day += 1) {
    const instant = instantOf(today.date + day * DAY_MINUTES * MINUTE_MS, minute, timeZone);
    if (instant > now) return instant;
  }
  throw new Error(`no day of ${timeZone} has minute ${minute}`);
}

/** A local day, as the UTC midnight of its date, and a minute of it, as an instant. */
function instantOf(date: number, minute: number, timeZone: string): Date {
  const wall = date + minute * MINUTE_MS;
  // An offset changes at most once a day, so the right one is the offset a day before or a day after.
  const offsets = [-1, 1].map((sign) => offsetMs(new Date(wall + sign * DAY_MINUTES * MINUTE_MS), timeZone));
  const candidates = offsets.map((offset) => new Date(wall - offset)).sort((a, b) => a.getTime() - b.getTime());
  const exact = candidates.find((candidate) => candidate.getTime() + offsetMs(candidate, timeZone) === wall);
  return exact ?? firstMinuteAfterGap(candidates[0]!, wall, timeZone);
}

/** The first minute at which the clock shows a time later than `wall`, which it skips. */
function firstMinuteAfterGap(from: Date, wall: number, timeZone: string): Date {
  let instant = from.getTime();
  while (instant + offsetMs(new Date(instant), timeZone) < wall) instant += MINUTE_MS;
  while (instant - MINUTE_MS + offsetMs(new Date(instant - MINUTE_MS), timeZone) >= wall) instant -= MINUTE_MS;
  return new Date(instant);
}

/** Local time minus UTC, to the minute. */
function offsetMs(instant: Date, timeZone: string): number {
  const { date, minutes } = localTime(instant, timeZone);
  return date + (minutes - minuteNumber(instant)) * MINUTE_MS;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function localTime(instant: Date, timeZone: string): { date: number; minutes: number } {
  let format = formats.get(timeZone);
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
  return {
    date: Date.UTC(parts.year!, parts.month! - 1, parts.day),
    minutes: parts.hour! * 60 + parts.minute!,
  };
}
