import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';

type Hook = () => void;

/**
 * A statement that takes longer waits for a lock that somebody forgot, or never ends; its transaction rolls back, and its connection is free again.
 */
const STATEMENT_TIMEOUT_MS = 60_000;

/**
 * Statements over all organisations look expensive enough to PostgreSQL to be compiled, which takes it twenty times as long as running them. Set in the transaction,
 * because a transaction-mode pooler takes no settings at the start of a connection.
 */
const SETTINGS = `SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}; SET LOCAL jit = off`;

/** Opens transactions, and runs what may only happen once they are committed. */
@Injectable()
export class Transactions {
  private readonly logger = new Logger(Transactions.name);
  private readonly hooks = new WeakMap<EntityManager, Hook[]>();

  constructor(private readonly dataSource: DataSource) {}

  /** Runs `work` in one transaction: what it throws rolls everything back. */
  async run<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    const hooks: Hook[] = [];
    const result = await this.dataSource.transaction(async (manager) => {
      this.hooks.set(manager, hooks);
      await manager.query(SETTINGS);
      return work(manager);
    });
    for (const hook of hooks) this.runHook(hook);
    return result;
  }

  /**
   * Runs `hook` after the transaction of `manager` is committed, never when it is rolled back. A hook only wakes somebody up: a process killed in between
   * loses it, so whatever it announces must be found in the database too.
   */
  afterCommit(manager: EntityManager, hook: Hook): void {
    const hooks = this.hooks.get(manager);
    if (!hooks) throw new Error('afterCommit needs the manager of a transaction that Transactions.run opened');
    hooks.push(hook);
  }

  private runHook(hook: Hook): void {
    try {
      hook();
    } catch (error) {
      this.logger.error('A hook after the commit failed; the commit stands', (error as Error).stack);
    }
  }
}
