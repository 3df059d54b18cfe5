import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { exitPoint } from '../common/exit-points.js';
import { Transactions } from '../database/index.js';
import type { ClaimedSchedule } from '../rules/index.js';
import { EvaluationPass, type DecidedRule, type FiredAlert } from './evaluation-pass.js';
import type { EvaluationRun } from './evaluation-run.entity.js';
import { EvaluationSchedule } from './evaluation-schedule.js';
import { EvaluationTelemetry } from './evaluation-telemetry.js';
import { RuleClaims, type Claim, type ClaimedRule } from './rule-claims.js';
import type { EvaluationTrigger } from './rule-outcome.js';
import { RunStore, type PassFacts } from './run-store.js';

/** The most schedules, or changed organisations, in one transaction: about 2,000 rules, at eight each. */
const SCHEDULES_A_BATCH = 250;

/** The most parallel batches in a process. While PostgreSQL measures one batch, the process decides on another. */
const PARALLEL_BATCHES = 2;

/** The results of a pass over many organisations. */
export interface PassResult {
  rulesEvaluated: number;
  fired: FiredAlert[];
  runs: EvaluationRun[];
}

/**
 * Coordinates the engine: claims rules, measures and decides on them, and commits their states, alerts, notifications,
 * webhooks and runs together. A batch that fails rolls back as a whole and stays due.
 */
@Injectable()
export class EvaluationService {
  private readonly logger = new Logger('Evaluation');

  constructor(
    private readonly transactions: Transactions,
    private readonly claims: RuleClaims,
    private readonly pass: EvaluationPass,
    private readonly runs: RunStore,
    private readonly schedule: EvaluationSchedule,
    private readonly clock: Clock,
    private readonly telemetry: EvaluationTelemetry,
  ) {}

  /** Evaluates every rule that is due. Skips rules that another replica has locked. */
  evaluateDue(): Promise<PassResult> {
    return this.inParallel('cron', (manager, now) => this.claims.due(manager, now, SCHEDULES_A_BATCH));
  }

  /** Evaluates the rules that posture changes may affect, once their debounce has passed. */
  evaluateChanged(): Promise<PassResult> {
    return this.inParallel('posture_change', (manager, now) => this.claims.changed(manager, now, SCHEDULES_A_BATCH));
  }

  /** Evaluates all enabled rules of one organisation now. */
  async evaluateOrganization(organizationId: string, requestedBy: string | null): Promise<EvaluationRun> {
    const { runs } = await this.batch({
      trigger: 'manual',
      requestedBy,
      claim: (manager) => this.claims.ofOrganization(manager, organizationId),
      organizationId,
    });
    return runs[0]!;
  }

  /** Works through batches until one is not full. A full batch starts a worker, up to {@link PARALLEL_BATCHES}. */
  private async inParallel(trigger: EvaluationTrigger, claim: ClaimBatch): Promise<PassResult> {
    const total: PassResult = { rulesEvaluated: 0, fired: [], runs: [] };
    const workers: Promise<void>[] = [];
    const failures: unknown[] = [];
    const work = async (): Promise<void> => {
      for (let isFull = true; isFull;) {
        const { rulesEvaluated, fired, runs } = await this.batch({
          trigger,
          requestedBy: null,
          claim: async (manager, now) => {
            const claimed = await claim(manager, now);
            isFull = (claimed?.schedules.length ?? 0) >= SCHEDULES_A_BATCH;
            if (isFull && workers.length < PARALLEL_BATCHES) workers.push(worker());
            return claimed;
          },
        });
        total.rulesEvaluated += rulesEvaluated;
        total.fired.push(...fired);
        total.runs.push(...runs);
      }
    };
    const worker = (): Promise<void> => work().catch((error: unknown) => void failures.push(error));
    workers.push(worker());
    // The list may grow during this wait. All workers end before a failure is thrown, so no batch outlives its pass.
    for (let index = 0; index < workers.length; index++) await workers[index];
    if (failures.length > 0) throw failures[0];
    return total;
  }

  private async batch(batch: Batch): Promise<PassResult> {
    const started = performance.now();
    const { trigger, organizationId } = batch;
    const result = await this.telemetry.counted(trigger, () =>
      this.transactions.run(async (manager): Promise<BatchResult> => {
        const now = this.clock.now();
        const claim = await batch.claim(manager, now);
        const isNone = !claim || (claim.schedules.length === 0 && organizationId === undefined);
        if (isNone) return { rulesEvaluated: 0, decided: [], fired: [], runs: [], missed: 0 };
        exitPoint('evaluation:after-claim');
        const done = await this.telemetry.traced(trigger, claim.rules, () =>
          this.evaluate(manager, batch, claim, now, started),
        );
        exitPoint('evaluation:before-commit');
        return { rulesEvaluated: claim.rules.length, ...done };
      }),
    );
    if (result.rulesEvaluated > 0) exitPoint('evaluation:after-commit');
    this.report(result);
    return result;
  }

  /** @param started the value of `performance.now()` at the start. */
  private async evaluate(
    manager: EntityManager,
    { trigger, requestedBy, organizationId }: Batch,
    { schedules, rules }: Claim,
    now: Date,
    started: number,
  ): Promise<Omit<BatchResult, 'rulesEvaluated'>> {
    const { decided, fired } = await this.pass.run(manager, rules, now);
    exitPoint('evaluation:after-measure');
    const isTick = trigger === 'cron';
    const durationSeconds = (performance.now() - started) / 1000;
    const facts: PassFacts = { trigger, requestedBy, startedAt: now, durationSeconds, isTick };
    const failing = await this.runs.saveStates(manager, decided, facts);
    await this.pass.notifyFailing(
      manager,
      decided.filter(({ rule }) => failing.has(rule.ruleId)),
      now,
    );
    // After a change of posture, some rules of the schedules were not evaluated.
    const missed = trigger === 'posture_change' ? 0 : await this.moveOn(manager, schedules, rules, now);
    return { decided, fired, missed, runs: await this.runs.save(manager, decided, facts, organizationId) };
  }

  /**
   * Moves on the schedules that were due, so that no tick repeats this evaluation. The others keep their instants.
   * @returns the number of evaluations of the rules that were missed before this one.
   */
  private async moveOn(
    manager: EntityManager,
    claimed: readonly ClaimedSchedule[],
    rules: readonly ClaimedRule[],
    now: Date,
  ): Promise<number> {
    const schedules = claimed.filter(({ nextEvaluationAt }) => nextEvaluationAt <= now);
    if (schedules.length === 0) return 0;
    const counts = new Map<string, number>();
    for (const rule of rules) counts.set(scheduleOf(rule), (counts.get(scheduleOf(rule)) ?? 0) + 1);
    const rulesOf = (schedule: ClaimedSchedule): number => counts.get(scheduleOf(schedule)) ?? 0;
    const nextOf = this.schedule.nextOf(now);
    await this.claims.moveOn(manager, schedules, (schedule) => rulesOf(schedule) > 0, nextOf, now);
    return this.schedule.missedBy(schedules, rulesOf, now);
  }

  private report({ decided, fired }: BatchResult): void {
    for (const alert of fired) {
      this.logger.log(`[${alert.severity}] ${alert.title} (${alert.ruleName}, ${alert.organizationName})`);
    }
    for (const { rule, ruleDetails, decision } of decided) {
      if (decision.outcome === 'error') {
        this.logger.error(`Rule ${ruleDetails?.name} (${rule.ruleId}) failed: ${decision.error}`);
      }
    }
  }
}

type ClaimBatch = (manager: EntityManager, now: Date) => Promise<Claim | null>;

interface Batch {
  trigger: EvaluationTrigger;
  requestedBy: string | null;
  claim: ClaimBatch;
  /** If set, a run is kept for this organisation even if it has no enabled rule. */
  organizationId?: string;
}

interface BatchResult extends PassResult {
  decided: DecidedRule[];
  missed: number;
}

function scheduleOf({
  organizationId,
  evaluationIntervalMinutes: minutes,
}: Pick<ClaimedSchedule, 'organizationId' | 'evaluationIntervalMinutes'>): string {
  return `${organizationId} ${minutes}`;
}
