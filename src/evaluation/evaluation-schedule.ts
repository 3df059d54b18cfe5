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

  /** The first slot after `now`: slots that were missed while nothing ran are not made up one by one. */
  nextAfter(now: Date): Date {
    return this.cron.getNextDateFrom(now, 'UTC').toJSDate();
  }
}
