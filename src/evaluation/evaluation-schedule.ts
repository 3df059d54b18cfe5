import { Injectable } from '@nestjs/common';
import { CronTime } from 'cron';
import { Environment } from '../config/index.js';
import type { ClaimedSchedule } from '../rules/index.js';

/** When rules are due: the slots of `VEDETTE_EVALUATION_CRON`, in UTC. */
@Injectable()
export class EvaluationSchedule {
  private readonly cron: CronTime;
  /** The slots found last: no slot lies between `from` and `next`. Finding one takes as long as deciding on a thousand rules. */
  private found: { from: number; next: Date; slotMs: number } | undefined;

  constructor(environment: Environment) {
    this.cron = new CronTime(environment.VEDETTE_EVALUATION_CRON, 'UTC');
  }

  /**
   * Tells when a schedule that was evaluated at `now` is due next: at its own interval, counted from when it was due, or at the deployment's next slot. The slot
   * is computed once, because finding it costs more than all the rest of a schedule.
   */
  nextOf(now: Date): (schedule: ClaimedSchedule) => Date {
    const nextSlot = this.nextAfter(now);
    return ({ evaluationIntervalMinutes: minutes, nextEvaluationAt }) =>
      minutes === null ? nextSlot : this.atInterval(minutes, nextEvaluationAt, now);
  }

  /**
   * How many evaluations of rules should have taken place between when their schedules were due and `now`. Takes the slots of the deployment for evenly spaced.
   * @param rulesOf how many rules a schedule has.
   */
  missedBy(schedules: readonly ClaimedSchedule[], rulesOf: (schedule: ClaimedSchedule) => number, now: Date): number {
    const { slotMs } = this.slotsAfter(now);
    let missed = 0;
    for (const schedule of schedules) {
      const lateMs = now.getTime() - schedule.nextEvaluationAt.getTime();
      const intervalMs =
        schedule.evaluationIntervalMinutes === null ? slotMs : schedule.evaluationIntervalMinutes * 60_000;
      if (lateMs > 0) missed += Math.floor(lateMs / intervalMs) * rulesOf(schedule);
    }
    return missed;
  }

  private atInterval(minutes: number, dueAt: Date, now: Date): Date {
    const intervalMs = minutes * 60_000;
    const due = Math.min(dueAt.getTime(), now.getTime());
    return new Date(due + (Math.floor((now.getTime() - due) / intervalMs) + 1) * intervalMs);
  }

  /** The first slot after `now`: slots that were missed while nothing ran are not made up one by one. */
  nextAfter(now: Date): Date {
    return this.slotsAfter(now).next;
  }

  private slotsAfter(now: Date): { next: Date; slotMs: number } {
    const at = now.getTime();
    if (this.found && this.found.from <= at && at < this.found.next.getTime()) return this.found;
    const next = this.cron.getNextDateFrom(now, 'UTC').toJSDate();
    const slotMs = this.cron.getNextDateFrom(next, 'UTC').toJSDate().getTime() - next.getTime();
    this.found = { from: at, next, slotMs };
    return this.found;
  }
}
