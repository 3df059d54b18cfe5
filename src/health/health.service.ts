import { Injectable } from '@nestjs/common';
import { CronTime } from 'cron';
import { DataSource } from 'typeorm';
import { isFromFuture } from '../common/clock-slack.js';
import { Clock } from '../common/clock.js';
import { Environment } from '../config/index.js';
import { EVALUATION_SLOT, pendingMigrations, queryRows, Slots } from '../database/index.js';

export interface Readiness {
  isReady: boolean;
  database: 'up' | 'down';
  pendingMigrations: string[];
  /** When a rule was last evaluated. */
  lastEvaluationAt: Date | null;
  /** Whether no replica has completed a pass for {@link STALLED_AFTER_INTERVALS} intervals. */
  isStalled: boolean;
}

/** An answer that takes longer counts as no answer. */
const DATABASE_TIMEOUT_MS = 3_000;

/** The engine counts as stalled after this many intervals of the schedule without a completed pass by any replica. */
const STALLED_AFTER_INTERVALS = 3;

@Injectable()
export class HealthService {
  private readonly startedAt: Date;
  private readonly cron: CronTime;

  constructor(
    private readonly dataSource: DataSource,
    private readonly slots: Slots,
    private readonly clock: Clock,
    environment: Environment,
  ) {
    this.startedAt = clock.now();
    this.cron = new CronTime(environment.VEDETTE_EVALUATION_CRON, 'UTC');
  }

  async readiness(): Promise<Readiness> {
    try {
      return await withinMs(DATABASE_TIMEOUT_MS, this.read());
    } catch {
      return { isReady: false, database: 'down', pendingMigrations: [], lastEvaluationAt: null, isStalled: false };
    }
  }

  private async read(): Promise<Readiness> {
    const [[row], pending, lastPass] = await Promise.all([
      this.dataSource.transaction(async (manager) => {
        // Without it, a probe that gave up would keep its connection as long as the table is locked.
        await manager.query(`SET LOCAL statement_timeout = ${DATABASE_TIMEOUT_MS}`);
        return queryRows<{ last: Date | null }>(
          manager,
          `SELECT greatest((SELECT max(last_evaluated_at) FROM rule_schedule), (SELECT max(last_evaluated_at) FROM rule_state)) AS last`,
        );
      }),
      pendingMigrations(this.dataSource),
      this.slots.latest(EVALUATION_SLOT),
    ]);
    const isStalled = this.isStalled(lastPass);
    return {
      isReady: pending.length === 0 && !isStalled,
      database: 'up',
      pendingMigrations: pending,
      lastEvaluationAt: row?.last ?? null,
      isStalled,
    };
  }

  /** A process that has just started gets the same time before it counts as stalled. */
  private isStalled(lastPass: Date | null): boolean {
    const now = this.clock.now();
    // A pass of the future comes from a clock that was ahead, and says nothing about the passes since.
    const passedMs = lastPass !== null && !isFromFuture(lastPass, now) ? lastPass.getTime() : 0;
    const since = Math.max(passedMs, this.startedAt.getTime());
    const next = this.cron.getNextDateFrom(now, 'UTC');
    const intervalMs = this.cron.getNextDateFrom(next.toJSDate(), 'UTC').toMillis() - next.toMillis();
    return now.getTime() - since > STALLED_AFTER_INTERVALS * intervalMs;
  }
}

async function withinMs<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
