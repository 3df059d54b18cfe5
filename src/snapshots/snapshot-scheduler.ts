import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Clock } from '../common/clock.js';
import { utcDate } from '../common/instant.js';
import { counted } from '../common/wire.js';
import { Environment } from '../config/index.js';
import { Slots, DailyJob } from '../database/index.js';
import { SnapshotsService } from './snapshots.service.js';

/** Takes the daily snapshots at the slots of `VEDETTE_SNAPSHOT_CRON`. */
@Injectable()
export class SnapshotScheduler extends DailyJob {
  constructor(
    private readonly snapshots: SnapshotsService,
    slots: Slots,
    clock: Clock,
    { VEDETTE_SNAPSHOT_CRON: cron }: Environment,
    moduleRef: ModuleRef,
  ) {
    super({ name: 'snapshot', cron, log: 'Snapshots', failure: 'The daily snapshot failed' }, slots, clock, moduleRef);
  }

  protected override isDone(slot: Date): Promise<boolean> {
    return this.snapshots.isTaken(utcDate(slot));
  }

  protected override async work(slot: Date, now: Date): Promise<void> {
    const count = await this.snapshots.takeForAll(slot > now ? slot : now);
    this.logger.log(`Took the daily snapshot of ${counted(count, 'organisation')}`);
  }
}
