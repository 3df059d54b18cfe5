import type { SeededRandom } from './seeded-random.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How many days of history the demo has, today included. */
export const DEMO_DAYS = 120;

/** The hour (UTC, with an optional fraction) of the day `daysAgo` days before `now`. */
export function atHour(now: Date, daysAgo: number, hour: number): Date {
  return new Date(Math.floor(now.getTime() / DAY_MS) * DAY_MS - daysAgo * DAY_MS + Math.round(hour * HOUR_MS));
}

/** A time in the working hours of that day. If it is a weekend, the day is the Friday before it. */
export function inWorkingHours(now: Date, daysAgo: number, random: SeededRandom): Date {
  const hour = random.integer(8 * 60, 16 * 60) / 60;
  const day = atHour(now, daysAgo, hour);
  return hoursAfter(day, -24 * daysIntoWeekend(day));
}

export function hoursAfter(instant: Date, hours: number): Date {
  return new Date(instant.getTime() + Math.round(hours * HOUR_MS));
}

export function isWeekend(day: Date): boolean {
  return daysIntoWeekend(day) > 0;
}

/** The day of an instant in UTC, as `YYYY-MM-DD`. */
export function dateOf(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}

/** 1 on a Saturday, 2 on a Sunday, else 0. */
function daysIntoWeekend(day: Date): number {
  return day.getUTCDay() === 6 ? 1 : day.getUTCDay() === 0 ? 2 : 0;
}
