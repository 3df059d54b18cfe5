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

  /** When a rule that was evaluated at `now` is due next: at its own interval, counted from when it was due, or at the schedule's next slot. */
  nextFor(rule: { evaluationIntervalMinutes: number | null; nextEvaluationAt: Date | null }, now: Date): Date {
    if (rule.evaluationIntervalMinutes === null) return this.nextAfter(now);
    const intervalMs = rule.evaluationIntervalMinutes * 60_000;
    const due = Math.min(rule.nextEvaluationAt?.getTime() ?? now.getTime(), now.getTime());
    return new Date(due + (Math.floor((now.getTime() - due) / intervalMs) + 1) * intervalMs);
  }

  /** The first slot after `now`: slots that were missed while nothing ran are not made up one by one. */
  nextAfter(now: Date): Date {
    return this.cron.getNextDateFrom(now, 'UTC').toJSDate();
  }
}
