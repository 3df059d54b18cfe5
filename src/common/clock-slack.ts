/**
 * The clocks of replicas differ by less than this. A stored time that is this much later than any time that Vedette
 * would store now comes from a clock that was ahead. It counts as now, so that nothing waits for it.
 */
export const CLOCK_SLACK_MS = 5 * 60_000;

/** Whether a stored time of the past lies so far in the future that a clock was ahead. */
export function isFromFuture(past: Date, now: Date): boolean {
  return past.getTime() > now.getTime() + CLOCK_SLACK_MS;
}
