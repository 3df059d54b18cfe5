import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { merge, Subject, type Observable, type Subscription } from 'rxjs';
import { Clock } from '../common/clock.js';
import { Environment } from '../config/index.js';
import { EVALUATION_SLOT, Slots } from '../database/index.js';
import { PostureChanges } from '../posture/index.js';
import { RuleSchedules } from '../rules/index.js';
import { ClockRecovery } from './clock-recovery.js';
import { EvaluationService, type PassResult } from './evaluation.service.js';

/** If a due change was not claimed, another replica has it, or had it when it died. Look again after this time. */
const UNCLAIMED_CHANGE_MS = 250;

/**
 * Runs the engine: looks for due rules every few seconds, and for changed posture and changed rules when their debounce
 * has passed. All are in the database, so another process takes over the work of a killed one.
 */
@Injectable()
export class EvaluationTicker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Evaluation');
  private running: Promise<void> | undefined;
  private runAgain = false;
  private wake: { timer: NodeJS.Timeout; at: number } | undefined;
  private wakeUps: Subscription | undefined;
  private isStopped = true;
  private readonly completions = new Subject<void>();

  constructor(
    private readonly evaluation: EvaluationService,
    private readonly postureChanges: PostureChanges,
    private readonly schedules: RuleSchedules,
    private readonly recovery: ClockRecovery,
    private readonly slots: Slots,
    private readonly environment: Environment,
    private readonly clock: Clock,
  ) {}

  /** Emits after each completed look at changed posture and due rules. */
  get completed(): Observable<void> {
    return this.completions.asObservable();
  }

  onApplicationBootstrap(): void {
    this.wakeUps = merge(this.postureChanges.committed, this.schedules.madeDue).subscribe(() =>
      this.wakeIn(this.environment.VEDETTE_CHANGE_DEBOUNCE_MS),
    );
  }

  /** Evaluates the rules that were not evaluated just before, then starts the ticks. */
  async start(): Promise<PassResult> {
    await this.recovery.start();
    const result = await this.evaluation.evaluateDue();
    await this.slots.note(EVALUATION_SLOT, this.clock.now());
    this.completions.next();
    this.isStopped = false;
    return result;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    this.wakeUps?.unsubscribe();
    clearTimeout(this.wake?.timer);
    await this.running;
  }

  @Cron('*/5 * * * * *', { name: 'evaluation', waitForCompletion: true })
  async tick(): Promise<void> {
    if (!this.isStopped) await this.evaluate();
  }

  /** Runs one evaluation at a time. A call during an evaluation repeats it once. */
  private async evaluate(): Promise<void> {
    if (this.running) {
      this.runAgain = true;
      return this.running;
    }
    this.running = this.evaluateOnce();
    try {
      await this.running;
    } finally {
      this.running = undefined;
    }
    if (this.runAgain && !this.isStopped) {
      this.runAgain = false;
      await this.evaluate();
    }
  }

  private async evaluateOnce(): Promise<void> {
    try {
      await this.recovery.catchUp();
      await this.evaluation.evaluateChanged();
      await this.evaluation.evaluateDue();
      await this.slots.note(EVALUATION_SLOT, this.clock.now());
      this.completions.next();
      await this.wakeForNextChange();
    } catch (error) {
      this.logger.error('An evaluation failed and rolled back; the next tick tries again', (error as Error).stack);
    }
  }

  private async wakeForNextChange(): Promise<void> {
    const dueAt = await this.postureChanges.nextDueAt();
    if (!dueAt) return;
    const untilDueMs = dueAt.getTime() - this.clock.now().getTime();
    this.wakeIn(untilDueMs > 0 ? untilDueMs : UNCLAIMED_CHANGE_MS);
  }

  /** The earliest wake counts: a stream of changes must not postpone it without end. */
  private wakeIn(ms: number): void {
    const at = performance.now() + ms;
    if (this.isStopped || (this.wake && this.wake.at <= at)) return;
    clearTimeout(this.wake?.timer);
    const timer = setTimeout(() => {
      this.wake = undefined;
      void this.evaluate();
    }, ms);
    this.wake = { timer, at };
  }
}
