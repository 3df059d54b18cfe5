import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../../common/clock.js';
import { ConcurrencyLimit } from '../../common/concurrency-limit.js';
import { invalidField } from '../../common/errors/index.js';
import { newId } from '../../common/ids.js';
import { Transactions } from '../../database/index.js';
import { EvaluatorRegistry, measureInScope, type Finding } from '../../evaluators/index.js';
import { knownSince, PostureReplay } from '../../posture/index.js';
import { decide, type RuleStanding } from '../decide.js';
import { hasFired, type Outcome } from '../rule-outcome.js';
import { AudiencePreview, type PreviewedAudience } from './audience-preview.js';
import { TrialRules, type TrialInput, type TrialRule } from './trial-rules.js';

const HOUR_MS = 3_600_000;

export const BACKTEST_STEPS = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 7 * 24 * HOUR_MS } as const;
export type BacktestStep = keyof typeof BACKTEST_STEPS;

/** Three years of days. */
export const MAX_POINTS = 1_100;

/** Each backtest holds a connection while it runs, and the pool has three or more. */
const AT_ONCE = 2;

const LONGEST_MS = 20_000;

export interface BacktestSpan {
  from: Date;
  to?: Date;
  step: BacktestStep;
}

export interface BacktestPoint {
  at: Date;
  outcome: Outcome;
  /** Present during a cooldown too. */
  finding: Finding;
}

export interface Backtest {
  rule: TrialRule;
  from: Date;
  /** The instant of the last point. */
  to: Date;
  /** When the complete history of the organisation's posture begins; null without a history. */
  knownSince: Date | null;
  points: BacktestPoint[];
  /** The people and endpoints that each alert would reach. */
  audience: PreviewedAudience;
}

/**
 * Evaluates a rule at regular instants of the past. The rule starts as one that never fired, and its alerts stay
 * open. Preferences and subscriptions are the current ones. Nothing is stored: see {@link PostureReplay}.
 */
@Injectable()
export class BacktestService {
  private readonly limit = new ConcurrencyLimit(AT_ONCE, 'backtests');

  constructor(
    private readonly transactions: Transactions,
    private readonly trials: TrialRules,
    private readonly registry: EvaluatorRegistry,
    private readonly audience: AudiencePreview,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws DomainError `invalid_input` or `not_found`, as for a saved rule; `unavailable` while too many backtests
   * run.
   */
  async run(organizationId: string, input: TrialInput, span: BacktestSpan): Promise<Backtest> {
    const instants = this.instantsOf(span);
    const rule = await this.trials.resolve(organizationId, input);
    return this.limit.run(() =>
      this.transactions.run(async (manager) => {
        await manager.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
        await manager.query(`SET LOCAL statement_timeout = ${LONGEST_MS}`);
        const audience = await this.audience.of(manager, rule);
        const points = await this.replay(manager, rule, instants);
        const known = await knownSince(manager, organizationId);
        return { rule, from: instants[0]!, to: instants.at(-1)!, knownSince: known, points, audience };
      }),
    );
  }

  private instantsOf({ from, to, step }: BacktestSpan): Date[] {
    const now = this.clock.now();
    const end = to ?? now;
    if (end > now) throw invalidField('to', `must not lie in the future; it is ${now.toISOString()}`);
    if (from >= end) throw invalidField('from', 'must lie before to, which is now unless it is given');
    const stepMs = BACKTEST_STEPS[step];
    const count = Math.floor((end.getTime() - from.getTime()) / stepMs) + 1;
    if (count > MAX_POINTS) {
      throw invalidField(
        'step',
        `makes ${count} points of this time, and at most ${MAX_POINTS} are allowed: choose a longer step or a shorter time`,
      );
    }
    return Array.from({ length: count }, (_, index) => new Date(from.getTime() + index * stepMs));
  }

  private async replay(manager: EntityManager, rule: TrialRule, instants: readonly Date[]): Promise<BacktestPoint[]> {
    const started = performance.now();
    const { organizationId, ruleType, config, scope, cooldownHours, onRepeat } = rule;
    const evaluator = this.registry.get(ruleType);
    const measured = [{ ruleId: rule.ruleId ?? newId(), organizationId, config, scope }];
    const replay = await PostureReplay.begin(manager, {
      organizationId,
      instants,
      kinds: evaluator.definition.affectedBy,
    });
    const standing: RuleStanding = { cooldownHours, onRepeat, lastFiredAt: null, unfinishedAlertId: null };
    const points: BacktestPoint[] = [];
    for (const at of instants) {
      if (performance.now() - started > LONGEST_MS) throw takesTooLong(instants.length);
      if (points.length > 0) await replay.next();
      const [finding] = await measureInScope(evaluator, measured, at, replay.reader);
      const { outcome } = decide(standing, { kind: 'measured', finding: finding! }, at);
      if (hasFired(outcome)) standing.lastFiredAt = at;
      if (outcome === 'fired') standing.lastOccasion = finding!.occasion ?? standing.lastOccasion;
      if (outcome === 'fired') standing.unfinishedAlertId = 'the alert that the backtest opened';
      points.push({ at, outcome, finding: finding! });
    }
    return points;
  }
}

function takesTooLong(points: number): Error {
  return invalidField(
    'step',
    `makes ${points} points, which take longer than ${LONGEST_MS / 1_000} s to measure: choose a longer step or a shorter time`,
  );
}
