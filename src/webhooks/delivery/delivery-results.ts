import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { AttemptResult } from '../attempts/delivery-lease.js';
import { EndpointHealthRecorder } from '../breaker/endpoint-health-recorder.js';
import { DeliveryStore } from './delivery-store.js';

/** The maximum number of results in one statement. */
const BATCH = 500;

/** While results keep coming, a batch smaller than this waits for more, because statements cost more than rows. */
const SMALL_BATCH = 400;
const BATCH_WAIT_MS = 20;

/** The pauses before each retry of a write. After the last one, the delivery is sent again when its lease ends. */
const RETRY_PAUSES_MS = [100, 1_000, 3_000];

interface Entry {
  result: AttemptResult;
  written: (isUnhealthy: boolean) => void;
}

/** Writes results in batches. Results that arrive during a write go into the next batch. */
@Injectable()
export class DeliveryResults {
  private readonly logger = new Logger('Webhooks');
  private readonly entries: Entry[] = [];
  private isWriting = false;
  private mustFlush = false;
  /** Ends the wait for more results. */
  private endWait: (() => void) | undefined;

  constructor(
    private readonly store: DeliveryStore,
    private readonly health: EndpointHealthRecorder,
    private readonly clock: Clock,
  ) {}

  /**
   * Resolves when the result is written, or when all retries failed.
   * @returns whether the endpoint must not get more deliveries for now.
   */
  write(result: AttemptResult): Promise<boolean> {
    return new Promise((written) => {
      this.entries.push({ result, written });
      if (result.error !== null) this.flush();
      if (this.isWriting) return;
      this.isWriting = true;
      // Results of the same turn of the event loop go into the first batch.
      setImmediate(() => void this.writeAll());
    });
  }

  /** Writes all results of this turn of the event loop without waiting for more. */
  flush(): void {
    this.mustFlush = true;
    setImmediate(() => this.endWait?.());
  }

  /** A failure does not wait, because it decides whether more is sent. */
  private waitForMore(): Promise<void> {
    if (this.mustFlush || this.entries.some(({ result }) => result.error !== null)) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, BATCH_WAIT_MS);
      this.endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async writeAll(): Promise<void> {
    for (let isFirst = true; this.entries.length > 0; isFirst = false) {
      if (!isFirst && this.entries.length < SMALL_BATCH) await this.waitForMore();
      const batch = this.entries.splice(0, BATCH);
      // The rest, which did not fit into this batch, must not wait either.
      if (this.entries.length === 0) this.mustFlush = false;
      const unhealthy = await this.recordHealth(await this.writeBatch(batch.map(({ result }) => result)));
      for (const { result, written } of batch) written(unhealthy.has(result.lease.endpointId));
    }
    this.isWriting = false;
  }

  /** If this fails, nothing is sent again: the next attempts will update the health. */
  private async recordHealth(results: readonly AttemptResult[]): Promise<ReadonlySet<string>> {
    try {
      const { unhealthy, released } = await this.health.record(results);
      await this.store.release(released, this.clock.now());
      return unhealthy;
    } catch (error) {
      this.logger.error('Vedette could not store the health of webhook endpoints', (error as Error).stack);
      return new Set();
    }
  }

  /** @returns the results that changed their delivery. */
  private async writeBatch(results: readonly AttemptResult[]): Promise<readonly AttemptResult[]> {
    for (const pauseMs of [...RETRY_PAUSES_MS, null]) {
      try {
        const late = new Set(await this.store.finish(results));
        if (late.size === 0) return results;
        this.logger.warn(
          `Another worker finished or deleted ${late.size} webhook deliveries before this worker was done`,
        );
        return results.filter(({ lease }) => !late.has(lease.id));
      } catch (error) {
        if (pauseMs === null) {
          this.logger.error(
            `Vedette could not store the outcome of ${results.length} webhook deliveries; it will send them again`,
            (error as Error).stack,
          );
          return [];
        }
        await sleep(pauseMs);
      }
    }
    return [];
  }
}
