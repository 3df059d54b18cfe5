import { Injectable } from '@nestjs/common';
import { CronTime } from 'cron';
import { Environment } from '../config/index.js';

/** When rules are due: the slots of `VEDETTE_EVALUATION_CRON`, in UTC. */
@Injectable()
export class EvaluationSchedule {
  private readonly cron: CronTime;

  constructor(environment: Environment) {
    this.cron = new CronTime(environment.VEDETTE_EVALUATION_CRON, 'UTC');
  }

  /**
   * Tells when rules that were evaluated at `now` are due next: at their own interval, counted from when they were due, or at the schedule's next slot. The
   * slot is computed once, because finding it costs more than all the rest of a rule.
   */
  nextOf(now: Date): (rule: { evaluationIntervalMinutes: number | null; nextEvaluationAt: Date | null }) => Date {
    const nextSlot = this.nextAfter(now);
    return (rule) =>
      rule.evaluationIntervalMinutes === null
        ? nextSlot
        : this.atInterval(rule.evaluationIntervalMinutes, rule.nextEvaluationAt, now);
  }

  /** How many evaluations of these rules should have taken place between when they were due and `now`. Takes the schedule's slots for evenly spaced. */
  missedBy(
    rules: readonly { evaluationIntervalMinutes: number | null; nextEvaluationAt: Date | null }[],
    now: Date,
  ): number {
    const nextSlot = this.nextAfter(now);
    const slotMs = this.nextAfter(nextSlot).getTime() - nextSlot.getTime();
    let missed = 0;
    for (const { evaluationIntervalMinutes: minutes, nextEvaluationAt } of rules) {
      const lateMs = now.getTime() - (nextEvaluationAt ?? now).getTime();
      if (lateMs > 0) missed += Math.floor(lateMs / (minutes === null ? slotMs : minutes * 60_000));
    }
    return missed;
  }

  private atInterval(minutes: number, dueAt: Date | null, now: Date): Date {
    const intervalMs = minutes * 60_000;
    const due = Math.min(dueAt?.getTime() ?? now.getTime(), now.getTime());
    return new Date(due + (Math.floor((now.getTime() - due) / intervalMs) + 1) * intervalMs);
  }

  /** The first slot after `now`: slots that were missed while nothing ran are not made up one by one. */
  nextAfter(now: Date): Date {
    return this.cron.getNextDateFrom(now, 'UTC').toJSDate();
  }
}
