import { Injectable, Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import { Cron } from '@nestjs/schedule';
import { Subject, type Observable, type Subscription } from 'rxjs';
import { Clock } from '../common/clock.js';
import { Environment } from '../config/index.js';
import { EVALUATION_SLOT, Slots } from '../database/index.js';
import { PostureChanges } from '../posture/index.js';
import { RuleSchedules } from '../rules/index.js';
import { EvaluationService, type PassResult } from './evaluation.service.js';

/** A rule evaluated this recently is not evaluated again just because a process started. */
const FRESH_MS = 60_000;

/** A clock that goes back by less is being kept right, and puts nothing off that anybody would notice. */
const CLOCK_SLACK_MS = 5_000;

/** A change that is due and was not claimed is another replica's, unless that dies: look again this much later. */
const ANOTHER_REPLICA_MS = 250;

/**
 * Keeps the engine going: looks for due rules every few seconds, whose slots the database holds, and for changed posture as soon as its debounce has passed.
 * A process that is killed leaves both behind for whoever looks next.
 */
@Injectable()
export class EvaluationTicker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Evaluation');
  private running: Promise<void> | undefined;
  private runAgain = false;
  private wake: { timer: NodeJS.Timeout; at: number } | undefined;
  private changes: Subscription | undefined;
  private isStopped = true;
  /** The latest present that this process saw, in milliseconds. */
  private latestMs = 0;
  private readonly completions = new Subject<void>();

  constructor(
    private readonly evaluation: EvaluationService,
    private readonly postureChanges: PostureChanges,
    private readonly schedules: RuleSchedules,
    private readonly slots: Slots,
    private readonly environment: Environment,
    private readonly clock: Clock,
  ) {}

  /** Emits after each completed look at changed posture and due rules. */
  get completed(): Observable<void> {
    return this.completions.asObservable();
  }

  onApplicationBootstrap(): void {
    this.changes = this.postureChanges.committed.subscribe(() =>
      this.wakeIn(this.environment.VEDETTE_CHANGE_DEBOUNCE_MS),
    );
  }

  /** Evaluates what was not evaluated within the last minute, and what no other replica is at, then keeps ticking. */
  async start(): Promise<PassResult> {
    await this.schedules.makeStaleDue(this.clock.now(), FRESH_MS);
    const result = await this.evaluation.evaluateDue();
    await this.slots.note(EVALUATION_SLOT, this.clock.now());
    this.completions.next();
    this.isStopped = false;
    return result;
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.isStopped = true;
    this.changes?.unsubscribe();
    clearTimeout(this.wake?.timer);
    await this.running;
  }

  @Cron('*/5 * * * * *', { name: 'evaluation', waitForCompletion: true })
  async tick(): Promise<void> {
    if (!this.isStopped) await this.evaluate();
  }

  /** One evaluation at a time in a process; a call while one runs makes it look once more when it is done. */
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
      await this.catchUpWithClock();
      await this.evaluation.evaluateChanged();
      await this.evaluation.evaluateDue();
      await this.slots.note(EVALUATION_SLOT, this.clock.now());
      this.completions.next();
      await this.wakeForNextChange();
    } catch (error) {
      this.logger.error(
        'An evaluation failed and rolled back; it is tried again at the next tick',
        (error as Error).stack,
      );
    }
  }

  /** After a clock that ran ahead was set back, what was put off by it would wait until the time that it showed has come. */
  private async catchUpWithClock(): Promise<void> {
    const now = this.clock.now();
    if (now.getTime() < this.latestMs - CLOCK_SLACK_MS) {
      this.logger.warn('The clock was set back; every rule and every change is evaluated now');
      await this.schedules.makeAllDue(now);
      await this.postureChanges.makeAllDue(now);
    }
    this.latestMs = now.getTime();
  }

  private async wakeForNextChange(): Promise<void> {
    const dueAt = await this.postureChanges.nextDueAt();
    if (!dueAt) return;
    const untilDueMs = dueAt.getTime() - this.clock.now().getTime();
    this.wakeIn(untilDueMs > 0 ? untilDueMs : ANOTHER_REPLICA_MS);
  }

  /** The earliest wake counts: a stream of changes must not put it off for ever. */
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
