import { Injectable } from '@nestjs/common';
import { CronTime } from 'cron';
import { Environment } from '../config/index.js';
import type { ClaimedSchedule } from '../rules/index.js';

/** Computes when schedules are due: at their own interval, or at the slots of `VEDETTE_EVALUATION_CRON` in UTC. */
@Injectable()
export class EvaluationSchedule {
  private readonly cron: CronTime;
  /** The last computed slot; no slot lies between `from` and `next`. Computing one takes as long as 1,000 decisions. */
  private found: { from: number; next: Date; slotMs: number } | undefined;

  constructor(environment: Environment) {
    this.cron = new CronTime(environment.VEDETTE_EVALUATION_CRON, 'UTC');
  }

  /**
   * @returns a function that computes when a schedule evaluated at `now` is due next: at its own interval, counted from
   * when it was due, or at the next slot of the deployment.
   */
  nextOf(now: Date): (schedule: ClaimedSchedule) => Date {
    const nextSlot = this.nextAfter(now);
    return ({ evaluationIntervalMinutes: minutes, nextEvaluationAt }) =>
      minutes === null ? nextSlot : this.atInterval(minutes, nextEvaluationAt, now);
  }

  /**
   * Counts the evaluations of rules that were missed since their schedules were due. It assumes that the slots of the
   * deployment are evenly spaced.
   * @param rulesOf the number of rules of a schedule.
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

  /** The first slot after `now`. Slots that were missed while no process ran are not repeated one by one. */
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
