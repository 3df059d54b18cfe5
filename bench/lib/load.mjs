import { median, percentile } from './measure.mjs';

/**
 * Calls as fast as the answers come, so many at once, for so long.
 * @param call is given nothing and must fail when the answer is not the expected one.
 * @returns `ms`: milliseconds of the whole for each call, whose reciprocal is the rate, and of single calls the median and the 99th percentile.
 */
export async function underLoad(call, { connections, forMs }) {
  const took = [];
  const started = performance.now();
  const caller = async () => {
    for (let before = performance.now(); before - started < forMs;) {
      await call();
      const now = performance.now();
      took.push(now - before);
      before = now;
    }
  };
  await Promise.all(Array.from({ length: connections }, caller));
  return { ms: (performance.now() - started) / took.length, p50: median(took), p99: percentile(took, 0.99) };
}
