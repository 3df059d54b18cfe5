import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob, CronTime } from 'cron';
import { Clock } from '../../common/clock.js';
import { utcDate } from '../../common/instant.js';
import { counted } from '../../common/wire.js';
import { Environment } from '../../config/index.js';
import { Slots } from '../../database/index.js';
import { latestSlotOfDay } from './latest-slot.js';
import { SnapshotsService } from './snapshots.service.js';

const SCHEDULE = 'snapshot';

/** A timer may ring a little early; a slot this near counts as reached. */
const EARLY_MS = 1_000;

/** A snapshot that failed is tried again this soon, until the day is over. */
const RETRY_MS = 60_000;

/** Takes the daily snapshots at the slots of `VEDETTE_SNAPSHOT_CRON`, in UTC, each on one replica only. */
@Injectable()
export class SnapshotScheduler implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Snapshots');
  private readonly cron: CronTime;
  private job: CronJob | undefined;
  private retry: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private isStopped = false;

  constructor(
    private readonly snapshots: SnapshotsService,
    private readonly slots: Slots,
    private readonly clock: Clock,
    private readonly environment: Environment,
    private readonly moduleRef: ModuleRef,
  ) {
    this.cron = new CronTime(environment.VEDETTE_SNAPSHOT_CRON, 'UTC');
  }

  /** Takes today's snapshot if its slot passed while nothing ran, and then keeps to the schedule. Needs `ScheduleModule` in the application. */
  async start(): Promise<void> {
    this.job = CronJob.from({
      cronTime: this.environment.VEDETTE_SNAPSHOT_CRON,
      timeZone: 'UTC',
      onTick: () => this.tick(),
    });
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

  /** What the schedule calls: takes the snapshots of the slot that is due, unless another replica has it. Never throws. */
  tick(): Promise<void> {
    return this.oneAtATime((slot) => this.slots.take(SCHEDULE, slot, this.clock.now()));
  }

  /** As {@link tick}; and it also takes a slot whose replica claimed it and took nothing, because it failed or was killed. */
  catchUp(): Promise<void> {
    return this.oneAtATime(
      async (slot) =>
        (await this.slots.take(SCHEDULE, slot, this.clock.now())) || !(await this.snapshots.isTaken(utcDate(slot))),
    );
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
      const count = await this.snapshots.takeForAll(slot > now ? slot : now);
      this.logger.log(`Took the daily snapshot of ${counted(count, 'organisation')}`);
    } catch (error) {
      this.logger.error(
        `The daily snapshot failed; it is tried again in ${RETRY_MS / 1_000} s`,
        (error as Error).stack,
      );
      clearTimeout(this.retry);
      this.retry = setTimeout(() => void this.catchUp(), RETRY_MS);
    }
  }
}
