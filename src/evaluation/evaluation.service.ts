import { Injectable, Logger } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../common/clock.js';
import { exitPoint } from '../common/exit-points.js';
import { Transactions } from '../database/index.js';
import { EvaluationPass, type FiredAlert } from './evaluation-pass.js';
import type { EvaluationRun } from './evaluation-run.entity.js';
import { EvaluationSchedule } from './evaluation-schedule.js';
import { EvaluationTelemetry } from './evaluation-telemetry.js';
import { RuleClaims, type ClaimedRule } from './rule-claims.js';
import type { EvaluationTrigger } from './rule-outcome.js';
import { RunStore, type PassFacts } from './run-store.js';

/** Rules that share a transaction. */
const RULES_A_BATCH = 2_000;

/** Changed organisations that share a transaction: some 2,000 rules too, at eight each. */
const ORGANIZATIONS_A_BATCH = 250;

/** What a pass over many organisations came to. */
export interface PassResult {
  rulesEvaluated: number;
  fired: FiredAlert[];
  runs: EvaluationRun[];
}

/**
 * Coordinates the engine: claims rules, has them measured and decided, and commits state, alerts, notifications, outbox and run together. A batch that fails
 * rolls back whole and stays due.
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

  /** Evaluates every rule that is due and that no other replica is at. */
  evaluateDue(): Promise<PassResult> {
    return this.inBatches('cron', (manager, now) => this.claims.due(manager, now, RULES_A_BATCH));
  }

  /** Evaluates the rules that posture changes may affect, once their debounce has passed. */
  evaluateChanged(): Promise<PassResult> {
    return this.inBatches('posture_change', (manager, now) => this.claims.changed(manager, now, ORGANIZATIONS_A_BATCH));
  }

  /** Evaluates all enabled rules of one organisation now. */
  async evaluateOrganization(organizationId: string, requestedBy: string | null): Promise<EvaluationRun> {
    const { runs } = await this.batch(
      'manual',
      requestedBy,
      (manager) => this.claims.ofOrganization(manager, organizationId),
      organizationId,
    );
    return runs[0]!;
  }

  private async inBatches(
    trigger: EvaluationTrigger,
    claim: (manager: EntityManager, now: Date) => Promise<ClaimedRule[] | null>,
  ): Promise<PassResult> {
    const total: PassResult = { rulesEvaluated: 0, fired: [], runs: [] };
    for (;;) {
      const { claimed, rulesEvaluated, fired, runs } = await this.batch(trigger, null, claim);
      total.rulesEvaluated += rulesEvaluated;
      total.fired.push(...fired);
      total.runs.push(...runs);
      if (!claimed) return total;
    }
  }

  /** @param organizationId given, a run is kept even when the organisation has no enabled rule. */
  private async batch(
    trigger: EvaluationTrigger,
    requestedBy: string | null,
    claim: (manager: EntityManager, now: Date) => Promise<ClaimedRule[] | null>,
    organizationId?: string,
  ): Promise<PassResult & { claimed: boolean }> {
    const started = performance.now();
    const work = async (manager: EntityManager): Promise<PassResult & { claimed: boolean; missed: number }> => {
      const now = this.clock.now();
      const rules = await claim(manager, now);
      const claimed = trigger === 'cron' ? (rules?.length ?? 0) > 0 : rules !== null;
      if (!rules || (rules.length === 0 && organizationId === undefined))
        return { claimed, rulesEvaluated: 0, fired: [], runs: [], missed: 0 };
      exitPoint('evaluation:after-claim');
      const missed = trigger === 'cron' ? this.schedule.missedBy(rules, now) : 0;
      const nextEvaluationAt = trigger === 'cron' ? this.schedule.nextOf(now) : null;
      const facts = { trigger, requestedBy, startedAt: now, started, nextEvaluationAt };
      const done = await this.telemetry.traced(trigger, rules, () =>
        this.evaluate(manager, rules, facts, organizationId),
      );
      exitPoint('evaluation:before-commit');
      return { claimed, rulesEvaluated: rules.length, missed, ...done };
    };
    const result = await this.telemetry.counted(trigger, () => this.transactions.run(work));
    if (result.rulesEvaluated > 0) exitPoint('evaluation:after-commit');
    this.report(result);
    return result;
  }

  /** @param facts with `started` on the monotonic clock, for what the pass has taken once its rules are decided. */
  private async evaluate(
    manager: EntityManager,
    rules: readonly ClaimedRule[],
    { started, ...known }: Omit<PassFacts, 'durationSeconds'> & { started: number },
    organizationId?: string,
  ): Promise<Pick<PassResult, 'fired' | 'runs'>> {
    const { decided, fired } = await this.pass.run(manager, rules, known.startedAt);
    exitPoint('evaluation:after-measure');
    const facts: PassFacts = { ...known, durationSeconds: (performance.now() - started) / 1000 };
    const failing = await this.runs.saveStates(manager, decided, facts);
    await this.pass.tellOfFailing(
      manager,
      decided.filter(({ rule }) => failing.has(rule.ruleId)),
      facts.startedAt,
    );
    return { fired, runs: await this.runs.save(manager, decided, facts, organizationId) };
  }

  private report({ fired, runs }: PassResult): void {
    for (const alert of fired)
      this.logger.log(`[${alert.severity}] ${alert.title} (${alert.ruleName}, ${alert.organizationName})`);
    for (const run of runs) {
      for (const { rule_name: name, rule_id: id, outcome, error } of run.outcomes) {
        if (outcome === 'error') this.logger.error(`Rule ${name} (${id}) failed: ${error}`);
      }
    }
  }
}
