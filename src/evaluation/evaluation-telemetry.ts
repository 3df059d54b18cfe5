import { Injectable } from '@nestjs/common';
import { Metrics } from '../metrics/index.js';
import { Tracing } from '../tracing/index.js';
import type { DecidedRule } from './evaluation-pass.js';
import type { ClaimedRule } from './rule-claims.js';
import type { EvaluationTrigger } from './rule-outcome.js';

/** What of a committed batch is counted. */
interface CommittedBatch {
  decided: readonly DecidedRule[];
  runs: readonly unknown[];
  fired: readonly unknown[];
  missed: number;
}

/** What the engine counts and traces of its batches. */
@Injectable()
export class EvaluationTelemetry {
  constructor(
    private readonly metrics: Metrics,
    private readonly tracing: Tracing,
  ) {}

  /** A span around what is done with claimed rules, up to the commit; a look that finds no rule leaves none. */
  traced<T>(trigger: EvaluationTrigger, rules: readonly ClaimedRule[], work: () => Promise<T>): Promise<T> {
    const attributes = { 'vedette.evaluation.trigger': trigger, 'vedette.evaluation.rules': rules.length };
    return this.tracing.span('evaluation', { attributes }, work);
  }

  /** Runs a batch and counts what it came to; nothing of one that rolled back but that it did. */
  async counted<T extends CommittedBatch>(trigger: EvaluationTrigger, batch: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      const result = await batch();
      if (result.runs.length > 0) this.count(trigger, result, (performance.now() - started) / 1000);
      return result;
    } catch (error) {
      this.metrics.evaluationFailed(trigger);
      throw error;
    }
  }

  private count(trigger: EvaluationTrigger, { decided, fired, missed }: CommittedBatch, durationSeconds: number): void {
    this.metrics.evaluated({ trigger, durationSeconds, rules: tally(decided), missed });
    if (fired.length > 0) this.metrics.transitioned('none', 'open', 'fired', fired.length);
  }
}

/** How many rules of a type came to an outcome: a pass over thousands has few such pairs, and counting a pair costs more than a rule. */
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
