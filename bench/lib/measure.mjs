import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { ms } from './table.mjs';

/**
 * Runs several ways of doing one thing in turns, so that other work on the machine affects all of them equally.
 * Each round starts with another way. The first round is a warm-up and is not counted.
 * @param ways by name. `prepare` and `after` are not timed. The sample keeps the result of `after`.
 * @returns for each name, the samples `{ms, ...}` in the order of the rounds.
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

/** @returns one fact of each sample; by default its time. */
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

/** @returns median and range, such as `12.3 (11.9-14.0)`. */
export function spread(numbers) {
  return `${ms(median(numbers))} (${ms(Math.min(...numbers))}-${ms(Math.max(...numbers))})`;
}

/** @returns the median of the ratios within each round, so that a slow moment of the machine affects both sides. */
export function ratio(samples, floor) {
  return median(samples.map((sample, round) => sample.ms / floor[round].ms)).toFixed(2);
}

/** Measures how long the event loop of this process is blocked. */
export class LoopDelay {
  #histogram = monitorEventLoopDelay({ resolution: 1 });

  async start() {
    this.#histogram.enable();
    await sleep(20);
    this.#histogram.reset();
  }

  /** @returns the longest delay since `start` in milliseconds. */
  async stop() {
    // The first timer after a delay records it.
    await sleep(5);
    this.#histogram.disable();
    return this.#histogram.max / 1e6;
  }
}

/** Adds up the time that calls spend in chosen methods, by phase. */
export class Phases {
  #spent = {};

  /** From now on, the time spent in this method of this object is added to `phase`. */
  follow(object, method, phase) {
    if (!object[method]) throw new Error(`${object.constructor.name} has no method ${method} to measure`);
    const original = object[method].bind(object);
    object[method] = (...args) => this.time(phase, () => original(...args));
  }

  /** @param work may return a promise or a plain value. The result has the same kind. */
  time(phase, work) {
    const started = performance.now();
    const add = () => (this.#spent[phase] = (this.#spent[phase] ?? 0) + performance.now() - started);
    const result = work();
    if (result instanceof Promise) return result.finally(add);
    add();
    return result;
  }

  /** @returns milliseconds by phase since the last call. */
  take() {
    const spent = this.#spent;
    this.#spent = {};
    return spent;
  }
}
