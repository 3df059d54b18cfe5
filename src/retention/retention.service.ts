import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';
import { Environment } from '../config/index.js';
import { countChanged, type ExpiredRows } from '../database/index.js';
import { AlertCounts } from '../instances/index.js';
import { EXPIRED_ROWS } from './expired-rows.js';

/** The most rows that one statement removes, in its own transaction. */
const BATCH_ROWS = 1_000;

/** The pause between two batches, so that other work gets the database. */
const PAUSE_MS = 100;

const DAY_MS = 24 * 60 * 60 * 1_000;

/** The number of removed rows of a kind. */
export interface Removed {
  name: ExpiredRows['name'];
  count: number;
}

/**
 * Removes rows that are older than the settings allow, in small batches. Each batch is committed, so a removal that was
 * stopped continues later, and replicas can remove at the same time.
 */
@Injectable()
export class RetentionService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly alertCounts: AlertCounts,
    private readonly environment: Environment,
    private readonly clock: Clock,
  ) {}

  /** @param signal ends the removal before the next batch. */
  async removeExpired(signal?: AbortSignal): Promise<Removed[]> {
    const removed: Removed[] = [];
    for (const rows of EXPIRED_ROWS) {
      removed.push({ name: rows.name, count: await this.remove(rows, signal) });
    }
    return removed;
  }

  /** Folds the alert counts, so that they are quick to sum. */
  async foldCounts(signal?: AbortSignal): Promise<void> {
    while (!signal?.aborted && (await this.alertCounts.fold())) await this.pause(signal);
  }

  private async remove({ setting, sql }: ExpiredRows, signal?: AbortSignal): Promise<number> {
    const days = setting && this.environment[setting];
    if (days === 0) return 0;
    const before = new Date(this.clock.now().getTime() - (days ?? 0) * DAY_MS);
    let removed = 0;
    while (!signal?.aborted) {
      const count = await countChanged(this.dataSource, sql, [before, BATCH_ROWS]);
      removed += count;
      if (count < BATCH_ROWS) break;
      await this.pause(signal);
    }
    return removed;
  }

  private async pause(signal?: AbortSignal): Promise<void> {
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined);
  }
}
