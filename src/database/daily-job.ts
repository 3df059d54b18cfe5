import { Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob, CronTime } from 'cron';
import type { Clock } from '../common/clock.js';
import type { Slots } from './slots.js';
import { latestSlotOfDay } from './latest-slot.js';

/** A timer may ring a little early; a slot this near counts as reached. */
const EARLY_MS = 1_000;

/** What failed is tried again this soon, until the day is over. */
const RETRY_MS = 60_000;

export interface DailySchedule {
  /** Of the slots in the database and of the cron job. */
  name: string;
  /** A cron expression, read in UTC. */
  cron: string;
  /** The name of its log. */
  log: string;
  /** What the log says when it failed, such as `The daily snapshot failed`. */
  failure: string;
}

/** What is done once a day for all organisations, on one replica only, and caught up with where its slot passed while nothing ran. */
export abstract class DailyJob implements BeforeApplicationShutdown {
  protected readonly logger: Logger;
  private readonly cron: CronTime;
  private job: CronJob | undefined;
  private retry: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private isStopped = false;

  protected constructor(
    private readonly schedule: DailySchedule,
    protected readonly slots: Slots,
    private readonly clock: Clock,
    private readonly moduleRef: ModuleRef,
  ) {
    this.logger = new Logger(schedule.log);
    this.cron = new CronTime(schedule.cron, 'UTC');
  }

  /** Does what is left of today if its slot passed while nothing ran, and then keeps to the schedule. Needs `ScheduleModule` in the application. */
  async start(): Promise<void> {
    const { name, cron } = this.schedule;
    this.job = CronJob.from({ cronTime: cron, timeZone: 'UTC', onTick: () => this.tick() });
    this.moduleRef.get(SchedulerRegistry, { strict: false }).addCronJob(name, this.job);
    this.job.start();
    await this.catchUp();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    await this.job?.stop();
    await this.running;
    clearTimeout(this.retry);
  }

  /** What the schedule calls: does the work of the slot that is due, unless another replica has it. Never throws. */
  tick(): Promise<void> {
    return this.oneAtATime((slot) => this.take(slot));
  }

  /** As {@link tick}; and it also takes a slot that a replica claimed and did nothing with, because it failed or was killed. */
  catchUp(): Promise<void> {
    return this.oneAtATime(async (slot) => (await this.take(slot)) || !(await this.isDone(slot)));
  }

  /** Whether the work of the slot, which a replica has taken, was done. */
  protected abstract isDone(slot: Date): Promise<boolean>;

  /** @param now at most a moment before the slot. */
  protected abstract work(slot: Date, now: Date): Promise<void>;

  private take(slot: Date): Promise<boolean> {
    return this.slots.take(this.schedule.name, slot, this.clock.now());
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
      if (slot && (await mayTake(slot))) await this.work(slot, now);
    } catch (error) {
      this.logger.error(`${this.schedule.failure}; it is tried again in ${RETRY_MS / 1_000} s`, (error as Error).stack);
      clearTimeout(this.retry);
      this.retry = setTimeout(() => void this.catchUp(), RETRY_MS);
    }
  }
}
