const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The breaker looks back so far, in whole minutes. */
const WINDOW_MINUTES = 5;
const LEAST_SAMPLES = 10;
const FAILING_SHARE = 0.7;
const LONGEST_OPENING_MS = 30 * MINUTE_MS;

/** People are told at so many failures in a row. */
export const FAILURES_BEFORE_TELLING = 4;

/** After so long of nothing but failure, over so many deliveries, an endpoint is disabled. */
export const FAILING_BEFORE_DISABLING_MS = 120 * HOUR_MS;
export const DELIVERIES_BEFORE_DISABLING = 20;

/** The attempts that ended within one minute. */
export interface MinuteSample {
  /** Minutes since 1970. */
  minute: number;
  succeeded: number;
  failed: number;
}

/** What is known of how an endpoint does. */
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

/** An attempt as far as it says something of the endpoint's health; or several successes within a minute, at the time of the last. */
export interface HealthSample {
  at: Date;
  /** How many attempts it stands for: one where it failed. */
  count: number;
  /** Null when it succeeded. */
  error: string | null;
  /** Whether it was the one delivery that a breaker let through. */
  isProbe: boolean;
  /** Until when the receiver wants to be left alone. */
  pauseUntil: Date | null;
}

export interface HealthChange {
  health: EndpointHealth;
  /** It has just failed so often that people must know. */
  mustTell: boolean;
  /** It answers again, so that what was held for it may go. */
  isReleased: boolean;
  /** It has done nothing but fail for so long that it is to be disabled if enough deliveries were among it. */
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

/** What the attempts, in the order in which they ended, make of an endpoint's health. */
export function changeHealth(before: EndpointHealth, samples: readonly HealthSample[], now: Date): HealthChange {
  const health = { ...before };
  let mustTell = false;
  let isReleased = false;
  for (const sample of samples) {
    health.samples = counted(health.samples, sample);
    if (sample.error === null) {
      isReleased = succeed(health, sample) || isReleased;
    } else {
      fail(health, sample, sample.error);
      mustTell ||= health.consecutiveFailures === FAILURES_BEFORE_TELLING;
    }
  }
  health.samples = recent(health.samples, now);
  if (health.breaker === 'closed' && isNearlyAllFailing(health.samples)) open(health, now);
  return { health, mustTell, isReleased, mayDisable: hasFailedTooLong(health, now) };
}

/** @returns whether the breaker closed. */
function succeed(health: EndpointHealth, { at, isProbe }: HealthSample): boolean {
  health.consecutiveFailures = 0;
  health.failingSince = null;
  health.lastSuccessAt = at;
  if (!isProbe || health.breaker === 'closed') return false;
  // The failures of before would open it again at the next one.
  Object.assign(health, { breaker: 'closed', openings: 0, openUntil: null, probeUntil: null, samples: [] });
  return true;
}

function fail(health: EndpointHealth, { at, isProbe, pauseUntil }: HealthSample, error: string): void {
  health.consecutiveFailures += 1;
  health.failingSince ??= at;
  health.lastFailureAt = at;
  health.lastError = error;
  if (pauseUntil && pauseUntil > (health.pausedUntil ?? at)) health.pausedUntil = pauseUntil;
  if (isProbe && health.breaker === 'open') open(health, at);
}

/** One minute, then twice as long each time that the one delivery fails, up to half an hour. */
function open(health: EndpointHealth, at: Date): void {
  const forMs = Math.min(MINUTE_MS * 2 ** health.openings, LONGEST_OPENING_MS);
  health.breaker = 'open';
  health.openings += 1;
  health.openUntil = new Date(at.getTime() + forMs);
  health.probeUntil = null;
}

/** In minutes since 1970. */
export function minuteOf(at: Date): number {
  return Math.floor(at.getTime() / MINUTE_MS);
}

function counted(samples: readonly MinuteSample[], { at, count, error }: HealthSample): MinuteSample[] {
  const minute = minuteOf(at);
  const was = samples.find((sample) => sample.minute === minute) ?? { minute, succeeded: 0, failed: 0 };
  const is = error === null ? { ...was, succeeded: was.succeeded + count } : { ...was, failed: was.failed + count };
  return [...samples.filter((sample) => sample.minute !== minute), is];
}

function recent(samples: readonly MinuteSample[], now: Date): MinuteSample[] {
  const oldest = minuteOf(now) - WINDOW_MINUTES;
  return samples.filter(({ minute }) => minute > oldest);
}

function isNearlyAllFailing(samples: readonly MinuteSample[]): boolean {
  const failed = samples.reduce((sum, sample) => sum + sample.failed, 0);
  const all = samples.reduce((sum, sample) => sum + sample.failed + sample.succeeded, 0);
  return all >= LEAST_SAMPLES && failed >= FAILING_SHARE * all;
}

function hasFailedTooLong({ failingSince }: EndpointHealth, now: Date): boolean {
  return failingSince !== null && now.getTime() - failingSince.getTime() >= FAILING_BEFORE_DISABLING_MS;
}
