import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { pendingMigrations, queryRows } from '../database/index.js';

export interface Readiness {
  isReady: boolean;
  database: 'up' | 'down';
  pendingMigrations: string[];
  lastEvaluationAt: Date | null;
}

/** An answer that takes longer than this counts as none. */
const DATABASE_TIMEOUT_MS = 3_000;

@Injectable()
export class HealthService {
  constructor(private readonly dataSource: DataSource) {}

  async readiness(): Promise<Readiness> {
    try {
      return await withinMs(DATABASE_TIMEOUT_MS, this.read());
    } catch {
      return { isReady: false, database: 'down', pendingMigrations: [], lastEvaluationAt: null };
    }
  }

  private async read(): Promise<Readiness> {
    const [[row], pending] = await Promise.all([
      queryRows<{ last: Date | null }>(this.dataSource, 'SELECT max(last_evaluated_at) AS last FROM rule_state'),
      pendingMigrations(this.dataSource),
    ]);
    return {
      isReady: pending.length === 0,
      database: 'up',
      pendingMigrations: pending,
      lastEvaluationAt: row?.last ?? null,
    };
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
