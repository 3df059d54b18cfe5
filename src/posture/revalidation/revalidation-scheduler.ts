import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob, CronTime } from 'cron';
import { Clock } from '../../common/clock.js';
import { counted } from '../../common/wire.js';
import { Slots, Transactions } from '../../database/index.js';
import { latestSlotOfDay } from '../snapshots/latest-slot.js';
import { StaleValidations } from './stale-validations.js';

const SCHEDULE = 'revalidation';

/** Under this name the database keeps until which slot the policies were applied: a slot that was taken may have come to nothing. */
const APPLIED = 'revalidation applied';

/** Once a day in UTC, after the daily snapshot of the default schedule. */
const CRON = '20 0 * * *';

/** A timer may ring a little early; a slot this near counts as reached. */
const EARLY_MS = 1_000;

const RETRY_MS = 60_000;

/** Applies the revalidation policies of all organisations once a day, on one replica only. */
@Injectable()
export class RevalidationScheduler implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Revalidation');
  private readonly cron = new CronTime(CRON, 'UTC');
  private job: CronJob | undefined;
  private retry: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly stale: StaleValidations,
    private readonly transactions: Transactions,
    private readonly slots: Slots,
    private readonly clock: Clock,
    private readonly moduleRef: ModuleRef,
  ) {}

  /** Does what is left of today if its slot passed while nothing ran, and then keeps to the schedule. Needs `ScheduleModule` in the application. */
  async start(): Promise<void> {
    this.job = CronJob.from({ cronTime: CRON, timeZone: 'UTC', onTick: () => this.tick() });
    this.moduleRef.get(SchedulerRegistry, { strict: false }).addCronJob(SCHEDULE, this.job);
    this.job.start();
    await this.catchUp();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    await this.job?.stop();
    await this.running;
    clearTimeout(this.retry);
  }

  /** What the schedule calls: applies the policies at the slot that is due, unless another replica has it. Never throws. */
  tick(): Promise<void> {
    return this.oneAtATime((slot) => this.slots.take(SCHEDULE, slot, this.clock.now()));
  }

  /** As {@link tick}; and it also takes a slot whose replica failed or was killed. Applied twice, a policy adds nothing twice. */
  catchUp(): Promise<void> {
    return this.oneAtATime(async (slot) => {
      const isTaken = await this.slots.take(SCHEDULE, slot, this.clock.now());
      return isTaken || ((await this.slots.latest(APPLIED)) ?? new Date(0)) < slot;
    });
  }

  private oneAtATime(mayTake: (slot: Date) => Promise<boolean>): Promise<void> {
    this.running = this.running.then(() => this.takeDue(mayTake));
    return this.running;
  }

  private async takeDue(mayTake: (slot: Date) => Promise<boolean>): Promise<void> {
    if (this.isStopped) return;
    try {
      const now = this.clock.now();
      const slot = latestSlotOfDay(this.cron, new Date(now.getTime() + EARLY_MS));
      if (!slot || !(await mayTake(slot))) return;
      const added = await this.transactions.run((manager) => this.stale.enqueue(manager, now));
      await this.slots.note(APPLIED, slot);
      if (added > 0) this.logger.log(`Put ${counted(added, 'technique')} into revalidation queues`);
    } catch (error) {
      this.logger.error(
        `The revalidation policies could not be applied; it is tried again in ${RETRY_MS / 1_000} s`,
        (error as Error).stack,
      );
      clearTimeout(this.retry);
      this.retry = setTimeout(() => void this.catchUp(), RETRY_MS);
    }
  }
}
