import { RunningExchanges, type RunningExchange } from './running-exchanges.js';

const TIMEOUT_MS = 1_000;

describe('RunningExchanges', () => {
  let running: RunningExchanges;
  let aborted: string[];

  beforeEach(() => {
    jest.useFakeTimers();
    running = new RunningExchanges(TIMEOUT_MS, () => new Error('late'));
    aborted = [];
  });

  afterEach(() => jest.useRealTimers());

  function begin(name: string): RunningExchange {
    const exchange: RunningExchange = {
      index: 0,
      endsBefore: 0,
      abort(reason) {
        aborted.push(`${name} ${reason.message}`);
        running.remove(exchange);
      },
    };
    running.add(exchange);
    return exchange;
  }

  it('aborts each exchange at its own time limit, but not exchanges that ended before', () => {
    const first = begin('first');
    jest.advanceTimersByTime(400);
    begin('second');
    jest.advanceTimersByTime(300);
    begin('third');
    running.remove(first);

    jest.advanceTimersByTime(699);
    expect(aborted).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(aborted).toEqual(['second late']);
    jest.advanceTimersByTime(300);
    expect(aborted).toEqual(['second late', 'third late']);
  });

  it('works again after a time without exchanges', () => {
    running.remove(begin('early'));
    jest.advanceTimersByTime(10 * TIMEOUT_MS);
    begin('late');

    jest.advanceTimersByTime(TIMEOUT_MS);

    expect(aborted).toEqual(['late late']);
  });

  it('aborts all remaining exchanges, in whatever order others were removed', () => {
    const [a, , c] = ['a', 'b', 'c', 'd'].map(begin);
    running.remove(a!);
    running.remove(c!);
    begin('e');

    running.abortAll(new Error('stopping'));

    expect(aborted.toSorted()).toEqual(['b stopping', 'd stopping', 'e stopping']);
    jest.advanceTimersByTime(10 * TIMEOUT_MS);
    expect(aborted).toHaveLength(3);
  });
});
