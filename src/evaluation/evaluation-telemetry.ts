import { Injectable } from '@nestjs/common';
import { isFromFuture } from '../common/clock-slack.js';
import { ClockCorrections, Metrics } from '../metrics/index.js';
import { Tracing } from '../tracing/index.js';
import type { DecidedRule } from './evaluation-pass.js';
import type { ClaimedRule } from './rule-claims.js';
import type { EvaluationTrigger } from './rule-outcome.js';

/** The parts of a committed batch that are counted. */
interface CommittedBatch {
  decided: readonly DecidedRule[];
  runs: readonly { startedAt: Date }[];
  fired: readonly unknown[];
  missed: number;
}

/** Writes metrics and traces about the batches of the engine. */
@Injectable()
export class EvaluationTelemetry {
  constructor(
    private readonly metrics: Metrics,
    private readonly tracing: Tracing,
    private readonly corrections: ClockCorrections,
  ) {}

  /** Runs the work on claimed rules in a span. */
  traced<T>(trigger: EvaluationTrigger, rules: readonly ClaimedRule[], work: () => Promise<T>): Promise<T> {
    const attributes = { 'vedette.evaluation.trigger': trigger, 'vedette.evaluation.rules': rules.length };
    return this.tracing.span('evaluation', { attributes }, work);
  }

  /** Runs a batch and counts its results. If the batch rolls back, only the failure is counted. */
  async counted<T extends CommittedBatch>(trigger: EvaluationTrigger, batch: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      const result = await batch();
      const [run] = result.runs;
      if (run) this.count(trigger, result, run.startedAt, (performance.now() - started) / 1000);
      return result;
    } catch (error) {
      this.metrics.evaluationFailed(trigger);
      throw error;
    }
  }

  private count(
    trigger: EvaluationTrigger,
    { decided, fired, missed }: CommittedBatch,
    now: Date,
    durationSeconds: number,
  ): void {
    this.metrics.evaluated({ trigger, durationSeconds, rules: tally(decided), missed });
    if (fired.length > 0) this.metrics.transitioned('none', 'open', 'fired', fired.length);
    const isAhead = ({ rule }: DecidedRule): boolean =>
      rule.lastFiredAt !== null && isFromFuture(rule.lastFiredAt, now);
    this.corrections.report('last_fired', decided.filter(isAhead).length);
  }
}

/** Counts rules by type and outcome first, because each call of a metric costs more than counting a rule here. */
function tally(decided: readonly DecidedRule[]): { type: string; outcome: string; count: number }[] {
  const tallies = new Map<string, { type: string; outcome: string; count: number }>();
  for (const {
    rule: { ruleType: type },
    decision: { outcome },
  } of decided) {
    const tallied = tallies.get(`${type} ${outcome}`);
    if (tallied) tallied.count += 1;
    else tallies.set(`${type} ${outcome}`, { type, outcome, count: 1 });
  }
  return [...tallies.values()];
}
