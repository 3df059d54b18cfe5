import { setImmediate as turn } from 'node:timers/promises';
import { SystemClock } from '../../common/clock.js';
import type { AttemptResult } from '../attempts/delivery-lease.js';
import type { EndpointHealthRecorder } from '../breaker/endpoint-health-recorder.js';
import { DeliveryResults } from './delivery-results.js';
import type { DeliveryStore } from './delivery-store.js';

const delivered = (): AttemptResult => ({ error: null, lease: { endpointId: 'endpoint' } }) as AttemptResult;

describe('DeliveryResults', () => {
  /** The sizes of the batches so far. Each write stays open until the next call of `end`. */
  let batches: number[];
  let end: () => void;
  let results: DeliveryResults;

  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick'] });
    batches = [];
    const store = {
      finish: (batch) => {
        batches.push(batch.length);
        return new Promise((resolve) => (end = () => resolve([])));
      },
      release: () => Promise.resolve(),
    } as Partial<DeliveryStore> as DeliveryStore;
    const health = {
      record: () => Promise.resolve({ unhealthy: new Set(), released: [] }),
    } as Partial<EndpointHealthRecorder> as EndpointHealthRecorder;
    results = new DeliveryResults(store, health, new SystemClock());
  });

  afterEach(() => jest.useRealTimers());

  const write = (count: number): void => {
    for (let written = 0; written < count; written++) void results.write(delivered());
  };

  async function settled(): Promise<void> {
    for (let turns = 0; turns < 5; turns++) await turn();
  }

  it('collects a stream of results into batches, and waits 20 ms at most', async () => {
    write(1);
    await settled();
    write(30);
    end();
    await settled();
    expect(batches).toEqual([1]);

    write(10);
    await jest.advanceTimersByTimeAsync(20);
    await settled();

    expect(batches).toEqual([1, 40]);
  });

  it('writes all remaining results without a wait after a flush', async () => {
    write(1);
    await settled();
    write(520);
    results.flush();
    await settled();
    end();
    await settled();
    end();
    await settled();

    expect(batches).toEqual([1, 500, 20]);
  });
});
