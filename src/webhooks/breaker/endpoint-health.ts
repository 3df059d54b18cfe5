const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The breaker counts attempts of this many minutes. */
const WINDOW_MINUTES = 5;
const MIN_SAMPLES = 10;
const FAILING_SHARE = 0.7;
/** The longest time for which a breaker is open before the next probe. */
export const MAX_OPEN_MS = 30 * MINUTE_MS;

/** Vedette notifies people after this many failures in a row. */
export const FAILURES_BEFORE_NOTICE = 4;

/** Vedette disables an endpoint after this time without a success, if this many deliveries failed. */
export const FAILING_BEFORE_DISABLING_MS = 120 * HOUR_MS;
export const DELIVERIES_BEFORE_DISABLING = 20;

/** The number of attempts that ended within one minute. */
export interface MinuteSample {
  /** Minutes since 1970. */
  minute: number;
  succeeded: number;
  failed: number;
}

/** The health of an endpoint. */
export interface EndpointHealth {
  samples: MinuteSample[];
  breaker: 'closed' | 'open';
  openings: number;
  openUntil: Date | null;
  probeUntil: Date | null;
  pausedUntil: Date | null;
  consecutiveFailures: number;
  failingSince: Date | null;
  lastSuccessAt: Date | null;
  lastFailureAt: Date | null;
  lastError: string | null;
  recoverSince: Date | null;
}

/** One attempt, or several successes within a minute at the time of the last one. */
export interface HealthSample {
  at: Date;
  /** The number of attempts; always 1 for a failure. */
  count: number;
  /** Null for a success. */
  error: string | null;
  /** Whether it was the probe of an open breaker. */
  isProbe: boolean;
  /** The receiver asked for no requests before this time. */
  pauseUntil: Date | null;
}

export interface HealthChange {
  health: EndpointHealth;
  /** The number of failures in a row just reached the limit for a notification. */
  mustNotify: boolean;
  /** The breaker closed and did not open again, so that waiting deliveries can be sent. */
  isReleased: boolean;
  /** It has failed for so long that it is disabled if enough deliveries failed. */
  mayDisable: boolean;
}

export function newHealth(): EndpointHealth {
  return {
    samples: [],
    breaker: 'closed',
    openings: 0,
    openUntil: null,
    probeUntil: null,
    pausedUntil: null,
    consecutiveFailures: 0,
    failingSince: null,
    lastSuccessAt: null,
    lastFailureAt: null,
    lastError: null,
    recoverSince: null,
  };
}

/**
 * Applies the attempts, in the order in which they ended, to an endpoint's health. The result is the same whether they
 * come together or one by one. Only a failure opens the breaker; the success of a probe closes it.
 */
export function changeHealth(before: EndpointHealth, samples: readonly HealthSample[], now: Date): HealthChange {
  const health = { ...before };
  let mustNotify = false;
  let hasClosed = false;
  for (const sample of samples) {
    health.samples = recent(withSample(health.samples, sample), now);
    if (sample.error === null) {
      hasClosed = succeed(health, sample) || hasClosed;
    } else {
      fail(health, sample, sample.error);
      mustNotify ||= health.consecutiveFailures === FAILURES_BEFORE_NOTICE;
      if (health.breaker === 'closed' && isNearlyAllFailing(health.samples)) open(health, now);
    }
  }
  const isReleased = hasClosed && health.breaker === 'closed';
  return { health, mustNotify, isReleased, mayDisable: hasFailedTooLong(health, now) };
}

/** @returns whether the breaker closed. */
function succeed(health: EndpointHealth, { at, isProbe }: HealthSample): boolean {
  health.consecutiveFailures = 0;
  health.failingSince = null;
  health.lastSuccessAt = at;
  if (!isProbe || health.breaker === 'closed') return false;
  // Otherwise the old failures would open it again at the next failure.
  Object.assign(health, { breaker: 'closed', openings: 0, openUntil: null, probeUntil: null, samples: [] });
  return true;
}

function fail(health: EndpointHealth, { at, isProbe, pauseUntil }: HealthSample, error: string): void {
  health.consecutiveFailures += 1;
  // A start in the future comes from a clock that was ahead.
  if (health.failingSince === null || health.failingSince > at) health.failingSince = at;
  health.lastFailureAt = at;
  health.lastError = error;
  if (pauseUntil && pauseUntil > (health.pausedUntil ?? at)) health.pausedUntil = pauseUntil;
  if (isProbe && health.breaker === 'open') open(health, at);
}

/** Opens for one minute, then twice as long after each failed probe, up to half an hour. */
function open(health: EndpointHealth, at: Date): void {
  const openMs = Math.min(MINUTE_MS * 2 ** health.openings, MAX_OPEN_MS);
  health.breaker = 'open';
  health.openings += 1;
  health.openUntil = new Date(at.getTime() + openMs);
  health.probeUntil = null;
}

/** Minutes since 1970. */
export function minuteOf(at: Date): number {
  return Math.floor(at.getTime() / MINUTE_MS);
}

function withSample(samples: readonly MinuteSample[], { at, count, error }: HealthSample): MinuteSample[] {
  const minute = minuteOf(at);
  const previous = samples.find((sample) => sample.minute === minute) ?? { minute, succeeded: 0, failed: 0 };
  const updated =
    error === null
      ? { ...previous, succeeded: previous.succeeded + count }
      : { ...previous, failed: previous.failed + count };
  return [...samples.filter((sample) => sample.minute !== minute), updated];
}

/** Without samples of the future: a clock that was ahead wrote them, and they would count until that time. */
function recent(samples: readonly MinuteSample[], now: Date): MinuteSample[] {
  const oldest = minuteOf(now) - WINDOW_MINUTES;
  const newest = minuteOf(now) + WINDOW_MINUTES;
  return samples.filter(({ minute }) => minute > oldest && minute <= newest);
}

function isNearlyAllFailing(samples: readonly MinuteSample[]): boolean {
  const failed = samples.reduce((sum, sample) => sum + sample.failed, 0);
  const all = samples.reduce((sum, sample) => sum + sample.failed + sample.succeeded, 0);
  return all >= MIN_SAMPLES && failed >= FAILING_SHARE * all;
}

function hasFailedTooLong({ failingSince }: EndpointHealth, now: Date): boolean {
  return failingSince !== null && now.getTime() - failingSince.getTime() >= FAILING_BEFORE_DISABLING_MS;
}
