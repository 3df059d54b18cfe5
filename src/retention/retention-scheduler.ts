import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { SchedulerRegistry } from '@nestjs/schedule';
import { CronJob } from 'cron';
import { Clock } from '../common/clock.js';
import { counted } from '../common/wire.js';
import { Slots } from '../database/index.js';
import { RetentionService } from './retention.service.js';

const SCHEDULE = 'retention';

/** Every five minutes, half a minute away from jobs that run on the minute. */
const CRON = '30 */5 * * * *';

const FOLD_EVERY_MS = 5 * 60_000;
const REMOVE_EVERY_MS = 60 * 60_000;

/** Folds the alert counts every five minutes and removes expired rows every hour, each time on one replica only. */
@Injectable()
export class RetentionScheduler implements BeforeApplicationShutdown {
  private readonly logger = new Logger('Retention');
  private readonly stopping = new AbortController();
  private job: CronJob | undefined;
  private running: Promise<void> | undefined;

  constructor(
    private readonly retention: RetentionService,
    private readonly slots: Slots,
    private readonly clock: Clock,
    private readonly moduleRef: ModuleRef,
  ) {}

  /**
   * Starts the schedule, and runs slots that no replica has taken yet, in the background. Needs `ScheduleModule` in the
   * application.
   */
  start(): void {
    this.job = CronJob.from({ cronTime: CRON, timeZone: 'UTC', onTick: () => this.tick() });
    this.moduleRef.get(SchedulerRegistry, { strict: false }).addCronJob(SCHEDULE, this.job);
    this.job.start();
    void this.tick();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.job?.stop();
    await this.running;
  }

  /** Runs the slots that are due. A call during a run joins that run. The schedule calls this. Never throws. */
  tick(): Promise<void> {
    this.running ??= this.work().finally(() => (this.running = undefined));
    return this.running;
  }

  private async work(): Promise<void> {
    const { signal } = this.stopping;
    try {
      if (signal.aborted) return;
      if (await this.take('alert-counts', FOLD_EVERY_MS)) await this.retention.foldCounts(signal);
      if (await this.take(SCHEDULE, REMOVE_EVERY_MS)) await this.remove(signal);
    } catch (error) {
      this.logger.error('Retention failed; it continues at its next slot', (error as Error).stack);
    }
  }

  private take(name: string, everyMs: number): Promise<boolean> {
    const now = this.clock.now();
    return this.slots.take(name, new Date(Math.floor(now.getTime() / everyMs) * everyMs), now);
  }

  private async remove(signal: AbortSignal): Promise<void> {
    const removed = (await this.retention.removeExpired(signal)).filter(({ count }) => count > 0);
    if (removed.length === 0) return;
    this.logger.log(`Removed ${removed.map(({ name, count }) => counted(count, ...name)).join(', ')}`);
  }
}
