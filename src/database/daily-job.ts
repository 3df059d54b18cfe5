import { Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob, CronTime } from 'cron';
import type { Clock } from '../common/clock.js';
import type { Slots } from './slots.js';
import { latestSlotOfDay } from './latest-slot.js';

/** Timers may fire slightly early, so a slot this near counts as reached. */
const EARLY_MS = 1_000;

/** A failed job is retried after this time, until the end of the day. */
const RETRY_MS = 60_000;

export interface DailySchedule {
  /** The name of the slots in the database and of the cron job. */
  name: string;
  /** A cron expression in UTC. */
  cron: string;
  /** The context of its log lines. */
  log: string;
  /** The log message after a failure, such as `The daily snapshot failed`. */
  failure: string;
}

/**
 * A daily job for all organisations, on only one replica. If no process ran at its time, it runs after the next start.
 */
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

  /** Runs today's slot if it is overdue, then follows the schedule. Needs `ScheduleModule` in the application. */
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

  /** Runs the due slot, unless another replica has it. The schedule calls this. Never throws. */
  tick(): Promise<void> {
    return this.oneAtATime((slot) => this.take(slot));
  }

  /** Like {@link tick}, but also runs a slot that a replica took and did not complete. */
  catchUp(): Promise<void> {
    return this.oneAtATime(async (slot) => (await this.take(slot)) || !(await this.isDone(slot)));
  }

  /** Whether the work of a taken slot was completed. */
  protected abstract isDone(slot: Date): Promise<boolean>;

  /** @param now the current time, at most slightly before the slot. */
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
