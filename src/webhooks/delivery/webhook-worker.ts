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

/** Time between the end of an exchange that uses its full time and the end of the lease, for writing the outcome. */
const WRITE_MARGIN_MS = 5_000;

interface HeldLease extends DeliveryLease {
  /** On the monotonic clock: an attempt that starts later could outlast the lease. */
  startBefore: number;
}

/**
 * Delivers what is due: claims rows in batches, sends them concurrently, writes outcomes in batches. Any number of workers share the queue. A claim is made as
 * soon as something was committed in this process, and once a second for what other processes committed, for retries, and for leases of workers that died.
 */
@Injectable()
export class WebhookWorker implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Webhooks');
  private readonly lanes: DeliveryLanes<HeldLease>;
  private pollTimer: NodeJS.Timeout | undefined;
  private isStarted = false;
  private isStopping = false;
  /** The latest look for due rows, under way or over. */
  private looking: Promise<void> = Promise.resolve();
  private isLooking = false;
  /** Whether something may have come due that no claim has looked for. */
  private hasNews = false;
  /** The endpoints that everything belongs to which was left when this worker last looked; null where it may belong to any. */
  private backlogOf: ReadonlySet<string> | null = new Set();
  /** Whether claims wait for room. */
  private lacksRoom = false;
  /** Endpoints whose rows are just being put off. */
  private readonly puttingOff = new Map<string, Promise<void>>();
  /** Claimed and not yet written or given back. */
  private held = 0;
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

  /** From here on this process delivers on its own. The command line does not; what it enqueues is delivered by the server. */
  start(): void {
    if (this.isStarted) return;
    this.isStarted = true;
    this.poll();
  }

  /** Waits for the exchanges that run, within bounds, and gives everything else back to the other workers. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    clearTimeout(this.pollTimer);
    await this.looking;
    await Promise.all(this.puttingOff.values());
    await this.giveBack(this.lanes.takeWaiting());
    const timer = setTimeout(() => this.sender.abortAll(), this.settings.stopTimeoutMs);
    await this.idle();
    clearTimeout(timer);
  }

  /** Looks for due rows now. Does nothing before {@link start}. */
  wake(): void {
    if (this.isStarted && !this.isStopping) void this.look();
  }

  /**
   * Delivers everything that is due at the clock's present, whether this process delivers on its own or not.
   * @returns how many attempts were made.
   */
  async drain(): Promise<number> {
    const before = this.attempts;
    let found: number;
    do {
      await this.idle();
      found = await this.claim();
      await Promise.all(this.puttingOff.values());
      await this.idle();
    } while (found > 0);
    return this.attempts - before;
  }

  private poll(): void {
    void this.look().then(() => {
      if (!this.isStopping) this.pollTimer = setTimeout(() => this.poll(), this.settings.pollIntervalMs);
    });
  }

  /** One look at a time; who asks during one makes it go round once more. */
  private look(): Promise<void> {
    this.hasNews = true;
    return this.lookOn();
  }

  /** Goes on with what an earlier look has left. */
  private lookOn(): Promise<void> {
    if (!this.isLooking) this.looking = this.claimWhileDue();
    return this.looking;
  }

  private async claimWhileDue(): Promise<void> {
    this.isLooking = true;
    try {
      while ((this.hasNews || this.wantsBacklog()) && !this.isStopping) {
        this.lacksRoom = this.room() === 0;
        if (this.lacksRoom) return;
        if (this.hasNews) this.backlogOf = null;
        this.hasNews = false;
        await this.claim();
      }
    } catch (error) {
      this.backlogOf = new Set();
      this.logger.error(
        'Due webhook deliveries could not be claimed; the next poll tries again',
        (error as Error).stack,
      );
    } finally {
      this.isLooking = false;
    }
  }

  /** A claim that could only come upon rows of endpoints that have enough waiting here would read past all of them for nothing. */
  private wantsBacklog(): boolean {
    if (this.backlogOf === null) return true;
    return [...this.backlogOf].some((id) => this.lanes.wantsMore(id) && !this.puttingOff.has(id));
  }

  /** A whole batch or nothing: where room comes free row by row, claims of single rows would follow each other. */
  private room(): number {
    const { claimBatch, maxHeld } = this.settings;
    return maxHeld - this.held >= claimBatch ? claimBatch : 0;
  }

  /** @returns how many due rows there were, up to the size of a batch. */
  private async claim(): Promise<number> {
    const limit = this.room();
    if (limit <= 0 || this.isStopping) return 0;
    const { leaseMs, holdMs, exchangeTimeoutMs } = this.settings;
    const startBefore = performance.now() + leaseMs - exchangeTimeoutMs - WRITE_MARGIN_MS;
    const exceptEndpoints = [...this.lanes.congested(), ...this.puttingOff.keys()];
    const { leases, found, held, takenOver } = await this.store.claim({
      now: this.clock.now(),
      limit,
      leaseMs,
      holdMs,
      exceptEndpoints,
    });
    if (leases.length > 0) exitPoint('webhook:after-claim');
    this.metrics.webhookLeasesTakenOver(takenOver);
    if (found < limit) this.backlogOf = new Set(exceptEndpoints);
    else if (held.length > 0) this.putOff(held);
    this.held += leases.length;
    this.lanes.add(leases.map((lease) => Object.assign(lease, { startBefore })));
    this.startAttempts();
    return found;
  }

  /** Beside the claims, which pass by what is being put off. */
  private putOff(endpointIds: readonly string[]): void {
    const done = this.store
      .putOff(endpointIds, this.clock.now(), this.settings.holdMs)
      .catch((error: Error) => this.logger.warn(`Webhook deliveries could not be put off: ${error.message}`))
      .then(() => {
        for (const endpointId of endpointIds) this.puttingOff.delete(endpointId);
        this.wake();
      });
    for (const endpointId of endpointIds) this.puttingOff.set(endpointId, done);
  }

  /** Starts what there is room for, and gives back what has waited too long or will never start. */
  private startAttempts(): void {
    const now = performance.now();
    const unused: HeldLease[] = [];
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

  private async attempt(lease: HeldLease): Promise<void> {
    try {
      let result: AttemptResult | null;
      try {
        result = await this.sender.attempt(lease);
      } finally {
        this.makeRoom(lease);
      }
      if (!result) return await this.giveBack([lease]);
      this.attempts += 1;
      const isUnwell = await this.results.write(result);
      exitPoint('webhook:after-finish');
      // What waits here for an endpoint that is to be left alone goes back, to be held.
      if (isUnwell) await this.giveBack(this.lanes.takeWaitingOf(lease.endpointId));
    } catch (error) {
      this.logger.error(
        `Webhook delivery ${lease.id} broke off; it is tried again when its lease runs out`,
        (error as Error).stack,
      );
    }
    this.release(1);
  }

  /** Lets others go as soon as the exchange is over, before its outcome is written. */
  private makeRoom(lease: HeldLease): void {
    this.lanes.done(lease);
    exitPoint('webhook:after-send');
    this.startAttempts();
    // Nothing more is on its way that could be written along.
    if (this.lanes.isIdle()) this.results.hurry();
    if (this.backlogOf?.has(lease.endpointId) && this.lanes.wantsMore(lease.endpointId)) void this.lookOn();
  }

  private async giveBack(leases: readonly HeldLease[]): Promise<void> {
    if (leases.length === 0) return;
    try {
      await this.store.giveBack(leases);
    } catch (error) {
      this.logger.warn(
        `Leases on ${leases.length} webhook deliveries could not be given back and will run out: ${(error as Error).message}`,
      );
    }
    this.release(leases.length);
  }

  private release(count: number): void {
    this.held -= count;
    if (this.lacksRoom && this.room() > 0) void this.lookOn();
    if (this.held > 0) return;
    for (const resolve of this.whenIdle.splice(0)) resolve();
  }

  private idle(): Promise<void> {
    if (this.held === 0) return Promise.resolve();
    return new Promise((resolve) => this.whenIdle.push(resolve));
  }
}
