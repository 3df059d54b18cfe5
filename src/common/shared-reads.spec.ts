import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SharedReads } from './shared-reads.js';

/** A value that changes, and reads of it that the test finishes one by one. */
class Source {
  version = 0;
  reads = 0;
  private readonly pending: (() => void)[] = [];

  read = async (): Promise<number> => {
    this.reads += 1;
    const { version } = this;
    await new Promise<void>((resolve) => this.pending.push(resolve));
    return version;
  };

  async finishOne(): Promise<void> {
    await settle();
    this.pending.shift()?.();
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe('sharing reads', () => {
  it('makes two reads for any number of callers at once', async () => {
    const source = new Source();
    const shared = new SharedReads<number>();
    const ask = (): Promise<number>[] => Array.from({ length: 25 }, () => shared.read('page', source.read));
    const first = ask();
    await settle();
    const second = ask();
    await source.finishOne();
    await source.finishOne();
    expect(await Promise.all([...first, ...second])).toHaveLength(50);
    expect(source.reads).toBe(2);
  });

  it('never gives a caller an answer that was read before the call, in any order of events', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('ask', 'write', 'finish'), { minLength: 1, maxLength: 60 }),
        async (steps) => {
          const source = new Source();
          const shared = new SharedReads<number>();
          const asked: { atLeast: number; answer: Promise<number> }[] = [];
          for (const step of steps) {
            if (step === 'ask') asked.push({ atLeast: source.version, answer: shared.read('page', source.read) });
            else if (step === 'write') source.version += 1;
            else await source.finishOne();
          }
          for (let rest = 0; rest <= asked.length; rest++) await source.finishOne();
          for (const { atLeast, answer } of asked) expect(await answer).toBeGreaterThanOrEqual(atLeast);
        },
      ),
    );
  });

  it('shares nothing between different keys', async () => {
    const shared = new SharedReads<string>();
    expect(
      await Promise.all(['one', 'other', 'one'].map((key) => shared.read(key, () => Promise.resolve(key)))),
    ).toEqual(['one', 'other', 'one']);
  });

  it('fails all callers of a failed read, and reads again for the next caller', async () => {
    const shared = new SharedReads<number>();
    const fail = (): Promise<number> => Promise.reject(new Error('the connection was lost'));
    const results = await Promise.allSettled([shared.read('a', fail), shared.read('a', fail)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await shared.read('a', () => Promise.resolve(2))).toBe(2);
  });
});
