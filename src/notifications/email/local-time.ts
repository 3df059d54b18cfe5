/** Wall-clock times of a person, by the rules of their time zone. Everything here goes by `Intl`, which knows about summer time. */

/** Whether `text` is the name of a time zone that this process knows, such as `Europe/Paris`. An offset such as `+02:00` is none: it has no summer time. */
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

/** Minutes since the local midnight of `HH:MM`. */
export function minuteOfDay(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

/** Quiet hours, from a time of day up to but not including another; over midnight where the first is the later one. */
export interface QuietHours {
  /** `HH:MM` */
  from: string;
  /** `HH:MM` */
  until: string;
  timeZone: string;
}

/** @returns when the quiet hours end that hold at `now`; null when none do. */
export function quietUntil(now: Date, { from, until, timeZone }: QuietHours): Date | null {
  const start = minuteOfDay(from);
  const end = minuteOfDay(until);
  const { minutes } = localTime(now, timeZone);
  const isQuiet = start <= end ? minutes >= start && minutes < end : minutes >= start || minutes < end;
  return isQuiet ? nextAt(now, end, timeZone) : null;
}

/**
 * The first instant after `now` at which the local clock shows this minute of the day. Where the clock jumps over it, the instant of the jump; where it comes
 * twice, the first.
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
  // A zone's offset changes by its distance from UTC at most once within a day, so one of the two offsets around it is the one that holds.
  const offsets = [-1, 1].map((sign) => offsetMs(new Date(wall + sign * DAY_MINUTES * MINUTE_MS), timeZone));
  const candidates = offsets.map((offset) => new Date(wall - offset)).sort((a, b) => a.getTime() - b.getTime());
  const exact = candidates.find((candidate) => candidate.getTime() + offsetMs(candidate, timeZone) === wall);
  return exact ?? firstMinuteAfterGap(candidates[0]!, wall, timeZone);
}

/** The clock never shows `wall`: the first minute at which it shows a later time. */
function firstMinuteAfterGap(from: Date, wall: number, timeZone: string): Date {
  let instant = from.getTime();
  while (instant + offsetMs(new Date(instant), timeZone) < wall) instant += MINUTE_MS;
  while (instant - MINUTE_MS + offsetMs(new Date(instant - MINUTE_MS), timeZone) >= wall) instant -= MINUTE_MS;
  return new Date(instant);
}

/** Local time minus UTC, to the minute. */
function offsetMs(instant: Date, timeZone: string): number {
  const { date, minutes } = localTime(instant, timeZone);
  return date + minutes * MINUTE_MS - Math.floor(instant.getTime() / MINUTE_MS) * MINUTE_MS;
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
