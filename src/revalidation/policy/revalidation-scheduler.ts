import { Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { Clock } from '../../common/clock.js';
import { counted } from '../../common/wire.js';
import { Slots, Transactions, DailyJob } from '../../database/index.js';
import { StaleValidations } from './stale-validations.js';

/** The slot name for the last completed run. A slot that was only claimed may have failed. */
const APPLIED = 'revalidation applied';

/** After the daily snapshot of the default schedule. */
const CRON = '20 0 * * *';

/** Applies the revalidation policies of all organisations once a day. A repeated run adds nothing twice. */
@Injectable()
export class RevalidationScheduler extends DailyJob {
  constructor(
    private readonly stale: StaleValidations,
    private readonly transactions: Transactions,
    slots: Slots,
    clock: Clock,
    moduleRef: ModuleRef,
  ) {
    const failure = 'The revalidation policies could not be applied';
    super({ name: 'revalidation', cron: CRON, log: 'Revalidation', failure }, slots, clock, moduleRef);
  }

  protected override async isDone(slot: Date): Promise<boolean> {
    const applied = await this.slots.latest(APPLIED);
    return applied !== null && applied >= slot;
  }

  protected override async work(slot: Date, now: Date): Promise<void> {
    const added = await this.transactions.run((manager) => this.stale.enqueue(manager, now));
    await this.slots.note(APPLIED, slot);
    if (added > 0) this.logger.log(`Added ${counted(added, 'technique')} to revalidation queues`);
  }
}
