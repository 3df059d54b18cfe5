import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { ms } from './table.mjs';

/**
 * Runs several ways of doing one thing in turns, so that whatever else the machine does meets all of them alike, and each round begins with another way.
 * @param ways by name: `prepare` and `after` are not timed; what `after` answers is kept with the sample. The first round warms up and is not kept.
 * @returns by name, the samples in the order of the rounds: `{ms, ...}`.
 */
export async function interleaved(ways, rounds) {
  const names = Object.keys(ways);
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length];
      const { prepare, run, after } = ways[name];
      await prepare?.();
      const started = performance.now();
      await run();
      const elapsed = performance.now() - started;
      const facts = await after?.();
      if (round > 0) samples[name].push({ ms: elapsed, ...facts });
    }
  }
  return samples;
}

/** The values of one fact of the samples, the time unless another is named. */
export function values(samples, fact = 'ms') {
  return samples.map((sample) => sample[fact]);
}

/** Nearest rank: the smallest value that this share of all values does not exceed. */
export function percentile(numbers, share) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

export function median(numbers) {
  return percentile(numbers, 0.5);
}

/** Median and range, such as `12.3 (11.9-14.0)`. */
export function spread(numbers) {
  return `${ms(median(numbers))} (${ms(Math.min(...numbers))}-${ms(Math.max(...numbers))})`;
}

/** Median of the ratios within each round, so that a slow moment of the machine counts on both sides. */
export function ratio(samples, floor) {
  return median(samples.map((sample, round) => sample.ms / floor[round].ms)).toFixed(2);
}

/** Watches how long this process is kept from its event loop. */
export class LoopDelay {
  #histogram = monitorEventLoopDelay({ resolution: 1 });

  async start() {
    this.#histogram.enable();
    await sleep(20);
    this.#histogram.reset();
  }

  /** @returns the longest delay since `start` in milliseconds. */
  async stop() {
    // A delay is noted by the first timer that runs after it.
    await sleep(5);
    this.#histogram.disable();
    return this.#histogram.max / 1e6;
  }
}

/** Tells how the time of a call is spread over the methods that it calls on the way. */
export class Phases {
  #spent = {};

  /** From now on, the time that this method of this object takes counts to `phase`. */
  follow(object, method, phase) {
    const original = object[method].bind(object);
    object[method] = (...args) => this.time(phase, () => original(...args));
  }

  /** @param work may answer a promise or not, and is answered for in kind. */
  time(phase, work) {
    const started = performance.now();
    const note = () => (this.#spent[phase] = (this.#spent[phase] ?? 0) + performance.now() - started);
    const result = work();
    if (result instanceof Promise) return result.finally(note);
    note();
    return result;
  }

  /** @returns milliseconds by phase since the last call. */
  take() {
    const spent = this.#spent;
    this.#spent = {};
    return spent;
  }
}
