import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';

type Hook = () => void;

/** A slower statement waits for a forgotten lock or never ends. Its transaction rolls back and frees its connection. */
const STATEMENT_TIMEOUT_MS = 60_000;

/**
 * JIT compilation would take twenty times as long as running statements over all organisations. Set per transaction,
 * because a transaction-mode pooler accepts no settings at connection start.
 */
const SETTINGS = `SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS}; SET LOCAL jit = off`;

/** Opens transactions, and runs hooks after their commit. */
@Injectable()
export class Transactions {
  private readonly logger = new Logger(Transactions.name);
  private readonly hooks = new WeakMap<EntityManager, Hook[]>();

  constructor(private readonly dataSource: DataSource) {}

  /** Runs `work` in one transaction. An error rolls everything back. */
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
   * Runs `hook` after the commit of `manager`'s transaction, but not after a rollback. A killed process loses its
   * hooks, so a hook may only wake another component, which must also find its work in the database.
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
      this.logger.error('A hook after a commit failed; the committed data is not affected', (error as Error).stack);
    }
  }
}
