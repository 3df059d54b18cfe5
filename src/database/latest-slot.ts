import type { CronTime } from 'cron';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * The newest slot of the schedule at or before `now` on the same day in UTC; undefined before the first slot of the
 * day. A cron expression only tells the next slot, so this walks forward from the nearest possible start.
 */
export function latestSlotOfDay(cron: CronTime, now: Date): Date | undefined {
  const nextAfter = (instant: Date): Date => cron.getNextDateFrom(instant, 'UTC').toJSDate();
  const beforeDay = new Date(`${now.toISOString().slice(0, 10)}T00:00:00.000Z`).getTime() - 1;
  const starts = [MINUTE_MS, HOUR_MS].map((windowMs) => Math.max(beforeDay, now.getTime() - windowMs));
  const start = starts.find((candidate) => nextAfter(new Date(candidate)) <= now) ?? beforeDay;
  let latest: Date | undefined;
  for (let slot = nextAfter(new Date(start)); slot <= now; slot = nextAfter(slot)) latest = slot;
  return latest;
}
