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
      place: 0,
      endsBefore: 0,
      abort(reason) {
        aborted.push(`${name} ${reason.message}`);
        running.remove(exchange);
      },
    };
    running.add(exchange);
    return exchange;
  }

  it('ends each exchange when its own time is up, and none that was over before', () => {
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

  it('goes on after a time in which nothing was under way', () => {
    running.remove(begin('early'));
    jest.advanceTimersByTime(10 * TIMEOUT_MS);
    begin('late');

    jest.advanceTimersByTime(TIMEOUT_MS);

    expect(aborted).toEqual(['late late']);
  });

  it('ends all at once, whoever left before in whatever order', () => {
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
