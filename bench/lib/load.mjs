import { median, percentile } from './measure.mjs';

/**
 * Repeats `call` on several connections at once. Each connection sends its next call as soon as it has an answer.
 * @param call takes no arguments and must fail on an unexpected answer.
 * @returns milliseconds: `ms` is the total time divided by the calls; `p50` and `p99` are times of single calls.
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
