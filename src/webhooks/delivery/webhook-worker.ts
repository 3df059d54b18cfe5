import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { exitPoint } from '../../common/exit-points.js';
import { Metrics } from '../../metrics/index.js';
import type { AttemptResult, DeliveryLease } from '../attempts/delivery-lease.js';
import { DeliverySettings } from '../attempts/delivery-settings.js';
import { PING_EVENT } from '../endpoints/webhook-events.js';
import { DeliveryLanes } from './delivery-lanes.js';
import { DeliveryResults } from './delivery-results.js';
import { DeliverySender } from './delivery-sender.js';
import { DeliveryStore } from './delivery-store.js';

/** How often to look for times from a clock that was ahead. */
const CORRECTION_MS = 60_000;

/** Time to write the outcome, between the latest end of an exchange and the end of the lease. */
const WRITE_MARGIN_MS = 5_000;

interface ClaimedLease extends DeliveryLease {
  /** On the monotonic clock. An attempt that starts later could outlast the lease. */
  startBefore: number;
}

/**
 * Delivers due rows: claims them in batches, sends them concurrently, writes outcomes in batches. Any number of workers
 * share the queue. A commit in this process triggers a claim at once. A poll each second finds rows of other processes,
 * retries, and leases of dead workers.
 */
@Injectable()
export class WebhookWorker implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Webhooks');
  private readonly lanes: DeliveryLanes<ClaimedLease>;
  private pollTimer: NodeJS.Timeout | undefined;
  private isStarted = false;
  private isStopping = false;
  /** The current or latest run of {@link claimWhileDue}. */
  private claiming: Promise<void> = Promise.resolve();
  private isClaiming = false;
  /** Whether rows may have become due since the last claim. */
  private mayHaveNewRows = false;
  /** Endpoints that still had unclaimed deliveries after the last claim; null if any endpoint may have some. */
  private endpointsWithBacklog: ReadonlySet<string> | null = new Set();
  /** Whether claims wait because this worker has too many unfinished rows. */
  private isFull = false;
  /** When this worker last looked for times from a clock that was ahead, on the monotonic clock. */
  private correctedAt = -CORRECTION_MS;
  /** Endpoints whose rows are being postponed now. */
  private readonly postponing = new Map<string, Promise<void>>();
  /** The number of rows that were claimed and neither written nor given back. */
  private unfinished = 0;
  private attempts = 0;
  private whenIdle: (() => void)[] = [];

  constructor(
    private readonly store: DeliveryStore,
    private readonly sender: DeliverySender,
    private readonly results: DeliveryResults,
    private readonly clock: Clock,
    private readonly settings: DeliverySettings,
    private readonly metrics: Metrics,
  ) {
    this.lanes = new DeliveryLanes(
      settings.concurrency,
      settings.concurrencyPerEndpoint,
      settings.waitingPerEndpoint,
      PING_EVENT,
    );
  }

  /**
   * From now on this process delivers on its own. The command line never calls this; the server delivers its events.
   */
  start(): void {
    if (this.isStarted) return;
    this.isStarted = true;
    this.poll();
  }

  /** Waits for running exchanges, up to a limit, and gives all other leases back. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.pollTimer);
    await this.claiming;
    await Promise.all(this.postponing.values());
    await this.giveBack(this.lanes.takeWaiting());
    const timer = setTimeout(() => this.sender.abortAll(), this.settings.stopTimeoutMs);
    await this.idle();
    clearTimeout(timer);
  }

  /** Claims due rows now. Does nothing before {@link start}. */
  wake(): void {
    if (this.isStarted && !this.isStopping) void this.claimDue();
  }

  /**
   * Delivers everything that is due now, even if {@link start} was not called.
   * @returns the number of attempts.
   */
  async drain(): Promise<number> {
    const before = this.attempts;
    await this.store.correct(this.clock.now(), this.settings.leaseMs);
    let found: number;
    do {
      await this.idle();
      found = await this.claim();
      await Promise.all(this.postponing.values());
      await this.idle();
    } while (found > 0);
    return this.attempts - before;
  }

  private poll(): void {
    void this.correct()
      .then(() => this.claimDue())
      .then(() => {
        if (!this.isStopping) this.pollTimer = setTimeout(() => this.poll(), this.settings.pollIntervalMs);
      });
  }

  private async correct(): Promise<void> {
    const now = performance.now();
    if (now - this.correctedAt < CORRECTION_MS) return;
    this.correctedAt = now;
    try {
      await this.store.correct(this.clock.now(), this.settings.leaseMs);
    } catch (error) {
      this.logger.warn(`Vedette could not correct times from a clock that was ahead: ${(error as Error).message}`);
    }
  }

  /** Only one run at a time. A call during a run makes it claim once more. */
  private claimDue(): Promise<void> {
    this.mayHaveNewRows = true;
    return this.continueClaiming();
  }

  /** Continues with the rows that an earlier run left. */
  private continueClaiming(): Promise<void> {
    if (!this.isClaiming) this.claiming = this.claimWhileDue();
    return this.claiming;
  }

  private async claimWhileDue(): Promise<void> {
    this.isClaiming = true;
    try {
      while ((this.mayHaveNewRows || this.canClaimBacklog()) && !this.isStopping) {
        this.isFull = this.freeCapacity() === 0;
        if (this.isFull) return;
        if (this.mayHaveNewRows) this.endpointsWithBacklog = null;
        this.mayHaveNewRows = false;
        await this.claim();
      }
    } catch (error) {
      this.endpointsWithBacklog = new Set();
      this.logger.error(
        'Vedette could not claim due webhook deliveries; the next poll tries again',
        (error as Error).stack,
      );
    } finally {
      this.isClaiming = false;
    }
  }

  /** If only congested endpoints have rows left, a claim would read past all their rows for nothing. */
  private canClaimBacklog(): boolean {
    if (this.endpointsWithBacklog === null) return true;
    return [...this.endpointsWithBacklog].some((id) => this.lanes.isRunningLow(id) && !this.postponing.has(id));
  }

  /** A whole batch or nothing: otherwise each finished row would cause a claim of a single row. */
  private freeCapacity(): number {
    const { claimBatch, maxClaimed } = this.settings;
    return maxClaimed - this.unfinished >= claimBatch ? claimBatch : 0;
  }

  /** @returns the number of due rows, up to the size of a batch. */
  private async claim(): Promise<number> {
    const limit = this.freeCapacity();
    if (limit <= 0 || this.isStopping) return 0;
    const { leaseMs, holdMs, exchangeTimeoutMs } = this.settings;
    const startBefore = performance.now() + leaseMs - exchangeTimeoutMs - WRITE_MARGIN_MS;
    const exceptEndpoints = [...this.lanes.congested(), ...this.postponing.keys()];
    const { leases, found, heldEndpoints, takenOver } = await this.store.claim({
      now: this.clock.now(),
      limit,
      leaseMs,
      holdMs,
      exceptEndpoints,
    });
    if (leases.length > 0) exitPoint('webhook:after-claim');
    this.metrics.webhookLeasesTakenOver(takenOver);
    if (found < limit) this.endpointsWithBacklog = new Set(exceptEndpoints);
    else if (heldEndpoints.length > 0) this.postpone(heldEndpoints);
    this.unfinished += leases.length;
    this.lanes.add(leases.map((lease) => Object.assign(lease, { startBefore })));
    this.startAttempts();
    return found;
  }

  /** Runs in parallel to claims, which skip these endpoints. */
  private postpone(endpointIds: readonly string[]): void {
    const done = this.store
      .postpone(endpointIds, this.clock.now(), this.settings.holdMs)
      .catch((error: Error) => this.logger.warn(`Vedette could not postpone webhook deliveries: ${error.message}`))
      .then(() => {
        for (const endpointId of endpointIds) this.postponing.delete(endpointId);
        this.wake();
      });
    for (const endpointId of endpointIds) this.postponing.set(endpointId, done);
  }

  /** Starts as many attempts as allowed. Gives back leases that waited too long or will not start. */
  private startAttempts(): void {
    const now = performance.now();
    const unused: ClaimedLease[] = [];
    for (let lease = this.lanes.next(); lease; lease = this.lanes.next()) {
      if (this.isStopping || lease.startBefore < now) {
        this.lanes.done(lease);
        unused.push(lease);
      } else {
        void this.attempt(lease);
      }
    }
    if (unused.length > 0) void this.giveBack(unused);
  }

  private async attempt(lease: ClaimedLease): Promise<void> {
    try {
      let result: AttemptResult | null;
      try {
        result = await this.sender.attempt(lease);
      } finally {
        this.freeSlot(lease);
      }
      if (!result) return await this.giveBack([lease]);
      this.attempts += 1;
      const isUnhealthy = await this.results.write(result);
      exitPoint('webhook:after-finish');
      // The rest of this endpoint's rows go back to the queue, which postpones them.
      if (isUnhealthy) await this.giveBack(this.lanes.takeWaitingFor(lease.endpointId));
    } catch (error) {
      this.logger.error(
        `Webhook delivery ${lease.id} was interrupted; Vedette tries it again when its lease ends`,
        (error as Error).stack,
      );
    }
    this.release(1);
  }

  /** Starts other attempts as soon as the exchange is over, before its outcome is written. */
  private freeSlot(lease: ClaimedLease): void {
    this.lanes.done(lease);
    exitPoint('webhook:after-send');
    this.startAttempts();
    // No more results will come soon, so there is no reason to wait.
    if (this.lanes.isIdle()) this.results.flush();
    if (this.endpointsWithBacklog?.has(lease.endpointId) && this.lanes.isRunningLow(lease.endpointId)) {
      void this.continueClaiming();
    }
  }

  private async giveBack(leases: readonly ClaimedLease[]): Promise<void> {
    if (leases.length === 0) return;
    try {
      await this.store.giveBack(leases);
    } catch (error) {
      this.logger.warn(
        `Vedette could not give back the leases on ${leases.length} webhook deliveries; they will expire: ${(error as Error).message}`,
      );
    }
    this.release(leases.length);
  }

  private release(count: number): void {
    this.unfinished -= count;
    if (this.isFull && this.freeCapacity() > 0) void this.continueClaiming();
    if (this.unfinished > 0) return;
    for (const resolve of this.whenIdle.splice(0)) resolve();
  }

  private idle(): Promise<void> {
    if (this.unfinished === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }
}
