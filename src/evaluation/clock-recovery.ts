import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { ClockCorrections } from '../metrics/index.js';
import { PostureChanges } from '../posture/index.js';
import { RuleSchedules } from '../rules/index.js';
import { EvaluationSchedule } from './evaluation-schedule.js';

/** A start does not evaluate rules that were evaluated within this time. */
const FRESH_MS = 60_000;

/** A smaller step back of the clock is an ordinary correction, and delays rules by no more than this. */
const STEP_BACK_MS = 5_000;

/** How often to look for times from a clock that was ahead. Two clocks that disagree cost one pass in this time. */
const LOOK_MS = 60_000;

/** Makes schedules and changes due that wait too long, because a process slept or a clock was ahead. */
@Injectable()
export class ClockRecovery {
  private readonly logger = new Logger('Evaluation');
  /** The time of the clock at the last look, in milliseconds. */
  private latestMs = 0;
  private lookedMs = -LOOK_MS;

  constructor(
    private readonly schedules: RuleSchedules,
    private readonly postureChanges: PostureChanges,
    private readonly schedule: EvaluationSchedule,
    private readonly corrections: ClockCorrections,
    private readonly clock: Clock,
  ) {}

  /** Makes rules due that were not evaluated within {@link FRESH_MS}. */
  async start(): Promise<void> {
    const now = this.clock.now();
    await this.correct(now);
    await this.schedules.makeStaleDue(now, FRESH_MS);
  }

  /** Called before each look at due rules. */
  async catchUp(): Promise<void> {
    const now = this.clock.now();
    if (now.getTime() < this.latestMs - STEP_BACK_MS) {
      this.logger.warn('The clock was set back; every rule and every change is evaluated now');
      await this.schedules.makeAllDue(now);
      await this.postureChanges.makeAllDue(now);
    }
    this.latestMs = now.getTime();
    // Math.abs: a clock that was set back must not stop the looks for hours.
    if (Math.abs(now.getTime() - this.lookedMs) >= LOOK_MS) await this.correct(now);
  }

  /** Corrects times that another process, or this one before its start, stored with a clock that was ahead. */
  private async correct(now: Date): Promise<void> {
    this.lookedMs = now.getTime();
    this.corrections.report('schedule', await this.schedules.makeLateDue(now, this.schedule.nextAfter(now)));
    this.corrections.report('posture_change', await this.postureChanges.makeLateDue(now));
  }
}
