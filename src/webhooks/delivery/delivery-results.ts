import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import type { AttemptResult } from '../attempts/delivery-lease.js';
import { EndpointHealthRecorder } from '../breaker/endpoint-health-recorder.js';
import { DeliveryStore } from './delivery-store.js';

/** How many results one statement writes at most. */
const BATCH = 500;

/** Under a stream of results a batch of fewer than this waits so long for more: statements cost more than rows. Nobody waits for a result who was not there already. */
const SMALL_BATCH = 400;
const GATHER_MS = 20;

/** How often, and how far apart, writing is tried again. What cannot be written then is sent again after its lease: deliveries are at-least-once. */
const RETRY_PAUSES_MS = [100, 1_000, 3_000];

interface Entry {
  result: AttemptResult;
  written: (isUnwell: boolean) => void;
}

/** Writes results together: those that come in while a batch is being written make up the next one. */
@Injectable()
export class DeliveryResults {
  private readonly logger = new Logger('Webhooks');
  private readonly entries: Entry[] = [];
  private isWriting = false;
  private isHurried = false;
  /** Ends the wait for more. */
  private endWait: (() => void) | undefined;

  constructor(
    private readonly store: DeliveryStore,
    private readonly health: EndpointHealthRecorder,
    private readonly clock: Clock,
  ) {}

  /**
   * Resolves when the result is written, or given up on.
   * @returns whether the endpoint is to be left alone.
   */
  write(result: AttemptResult): Promise<boolean> {
    return new Promise((written) => {
      this.entries.push({ result, written });
      if (result.error !== null) this.hurry();
      if (this.isWriting) return;
      this.isWriting = true;
      // What completes in this turn of the event loop goes along.
      setImmediate(() => void this.writeAll());
    });
  }

  /** Has what is here, and what else comes in this turn of the event loop, written without waiting for company. */
  hurry(): void {
    this.isHurried = true;
    setImmediate(() => this.endWait?.());
  }

  /** A failure is news, which decides whether more is sent: it does not wait. */
  private gather(): Promise<void> {
    if (this.isHurried || this.entries.some(({ result }) => result.error !== null)) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, GATHER_MS);
      this.endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private async writeAll(): Promise<void> {
    for (let isFirst = true; this.entries.length > 0; isFirst = false) {
      if (!isFirst && this.entries.length < SMALL_BATCH) await this.gather();
      const batch = this.entries.splice(0, BATCH);
      // What does not fit into one batch is in as much of a hurry.
      if (this.entries.length === 0) this.isHurried = false;
      const unwell = await this.recordHealth(await this.writeBatch(batch.map(({ result }) => result)));
      for (const { result, written } of batch) written(unwell.has(result.lease.endpointId));
    }
    this.isWriting = false;
  }

  /** Health that could not be written is no reason to send anything again: the next attempts tell of it too. */
  private async recordHealth(results: readonly AttemptResult[]): Promise<ReadonlySet<string>> {
    try {
      const { unwell, released } = await this.health.record(results);
      await this.store.release(released, this.clock.now());
      return unwell;
    } catch (error) {
      this.logger.error('The health of webhook endpoints could not be stored', (error as Error).stack);
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
          `${late.size} webhook deliveries were finished by another worker, or deleted, before this one was done`,
        );
        return results.filter(({ lease }) => !late.has(lease.id));
      } catch (error) {
        if (pauseMs === null) {
          this.logger.error(
            `The outcome of ${results.length} webhook deliveries could not be stored; they will be sent again`,
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
