import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { notFound } from '../common/errors/index.js';
import { isUuid, newId } from '../common/ids.js';
import type { Page, PageRequest } from '../common/pagination/index.js';
import { keysetPage, queryRows } from '../database/index.js';
import type { Finding } from '../evaluators/index.js';
import type { Decision } from './decide.js';
import type { DecidedRule } from './evaluation-pass.js';
import { EvaluationRun } from './evaluation-run.entity.js';
import type { ClaimedSchedule } from './rule-claims.js';
import { FAILURES_BEFORE_TELLING, type EvaluationTrigger, type KeptOutcome, type RuleOutcome } from './rule-outcome.js';

/** What a pass was, beyond its rules. */
export interface PassFacts {
  trigger: EvaluationTrigger;
  requestedBy: string | null;
  startedAt: Date;
  durationSeconds: number;
  /** Whether this is a tick, which its schedules note for all their rules; other passes note it with each rule. */
  isTick: boolean;
}

/** Keeps what passes made of rules, one statement for all rules and one for all organisations. */
@Injectable()
export class RunStore {
  constructor(private readonly dataSource: DataSource) {}

  /** @param alwaysOf an organisation whose run is kept even when no rule of it was evaluated. */
  async save(
    manager: EntityManager,
    decided: readonly DecidedRule[],
    facts: PassFacts,
    alwaysOf?: string,
  ): Promise<EvaluationRun[]> {
    const byOrganization = new Map<string, DecidedRule[]>(alwaysOf === undefined ? [] : [[alwaysOf, []]]);
    for (const one of decided) {
      const ofOrganization = byOrganization.get(one.rule.organizationId);
      if (ofOrganization) ofOrganization.push(one);
      else byOrganization.set(one.rule.organizationId, [one]);
    }
    const runs = [...byOrganization].map(([organizationId, ofOrganization]) =>
      toRun(organizationId, ofOrganization, facts),
    );
    await manager.query(
      `INSERT INTO evaluation_run (id, organization_id, trigger, requested_by, started_at, duration_seconds, rules_evaluated, alerts_fired, outcomes)
       SELECT id, organization_id, $1, $2, $3, $4, rules_evaluated, alerts_fired, outcomes
       FROM unnest($5::uuid[], $6::uuid[], $7::integer[], $8::integer[], $9::jsonb[])
         AS r (id, organization_id, rules_evaluated, alerts_fired, outcomes)`,
      [
        facts.trigger,
        facts.requestedBy,
        facts.startedAt,
        facts.durationSeconds,
        runs.map(({ id }) => id),
        runs.map(({ organizationId }) => organizationId),
        runs.map(({ rulesEvaluated }) => rulesEvaluated),
        runs.map(({ alertsFired }) => alertsFired),
        runs.map(({ outcomes }) => JSON.stringify(outcomes)),
      ],
    );
    return runs;
  }

  /** Newest first. */
  list(organizationId: string, page: PageRequest): Promise<Page<EvaluationRun>> {
    const ofOrganization = this.dataSource
      .getRepository(EvaluationRun)
      .createQueryBuilder('run')
      .where('run.organizationId = :organizationId', { organizationId });
    return keysetPage(ofOrganization, 'startedAt', 'DESC', page);
  }

  async get(organizationId: string, id: string): Promise<EvaluationRun> {
    const run = isUuid(id)
      ? await this.dataSource.getRepository(EvaluationRun).findOneBy({ organizationId, id })
      : null;
    if (!run) throw notFound('evaluation', id);
    return run;
  }

  /** The outcomes of a run with their rules' names and types, in the order of the run. */
  async outcomesOf({ organizationId, outcomes }: EvaluationRun): Promise<RuleOutcome[]> {
    const rules = await queryRows<{ id: string; name: string; rule_type: string }>(
      this.dataSource,
      'SELECT id, name, rule_type FROM alert_rule WHERE organization_id = $1 AND id = ANY ($2::uuid[])',
      [organizationId, outcomes.map(({ rule_id: id }) => id)],
    );
    const byId = new Map(rules.map((rule) => [rule.id, rule]));
    return outcomes.map(({ rule_id: id, outcome, measured, threshold, alert_id: alertId, error }) => ({
      rule_id: id,
      rule_name: byId.get(id)?.name ?? null,
      rule_type: byId.get(id)?.rule_type ?? null,
      outcome,
      measured: measured ?? null,
      threshold: threshold ?? null,
      alert_id: alertId ?? null,
      error: error ?? null,
    }));
  }

  /**
   * Moves schedules on to when they are due next. One that has no enabled rule any more is removed: whoever gives it a rule again waits for this transaction
   * and then makes it anew.
   * @param hasRules whether a schedule has rules.
   */
  async saveSchedules(
    manager: EntityManager,
    schedules: readonly ClaimedSchedule[],
    hasRules: (schedule: ClaimedSchedule) => boolean,
    nextOf: (schedule: ClaimedSchedule) => Date,
    at: Date,
  ): Promise<void> {
    const column = <T>(value: (schedule: ClaimedSchedule) => T): T[] => schedules.map(value);
    await manager.query(
      `WITH claimed AS MATERIALIZED (
         SELECT * FROM unnest($2::uuid[], $3::integer[], $4::timestamptz[], $5::boolean[])
           AS c (organization_id, interval_minutes, next_evaluation_at, has_rules)
       ), removed AS (
         DELETE FROM rule_schedule g USING claimed c
         WHERE NOT c.has_rules AND g.organization_id = c.organization_id AND g.interval_minutes = c.interval_minutes
       )
       UPDATE rule_schedule g SET next_evaluation_at = c.next_evaluation_at, last_evaluated_at = $1 FROM claimed c
       WHERE c.has_rules AND g.organization_id = c.organization_id AND g.interval_minutes = c.interval_minutes`,
      [
        at,
        column(({ organizationId }) => organizationId),
        column(({ evaluationIntervalMinutes }) => evaluationIntervalMinutes ?? 0),
        column(nextOf),
        column(hasRules),
      ],
    );
  }

  /**
   * Writes where rules stand now, of those for which something changed, and keeps what they measure, where that changed.
   * @returns the ids of rules that have just failed so many times in a row that somebody must be told.
   */
  async saveStates(manager: EntityManager, decided: readonly DecidedRule[], facts: PassFacts): Promise<Set<string>> {
    const changed = facts.isTick ? decided.filter(hasChanged) : decided;
    if (changed.length === 0) return new Set();
    const rows = await queryRows<{ rule_id: string }>(
      manager,
      `WITH changed AS (UPDATE rule_state s SET
         last_evaluated_at = CASE WHEN $2 THEN s.last_evaluated_at ELSE $1 END,
         last_fired_at = CASE WHEN d.has_fired THEN $1 ELSE s.last_fired_at END,
         last_error = CASE WHEN d.was_skipped THEN s.last_error ELSE d.error END,
         consecutive_errors = CASE WHEN d.was_skipped THEN s.consecutive_errors WHEN d.error IS NULL THEN 0 ELSE s.consecutive_errors + 1 END,
         last_measured = CASE WHEN d.is_new THEN d.measured ELSE s.last_measured END,
         last_threshold = CASE WHEN d.is_new THEN d.threshold ELSE s.last_threshold END,
         last_measured_at = CASE WHEN d.is_new THEN $1 ELSE s.last_measured_at END,
         last_occasion = CASE WHEN d.has_fired THEN coalesce(d.occasion, s.last_occasion) ELSE s.last_occasion END
       FROM unnest($3::uuid[], $4::uuid[], $5::boolean[], $6::boolean[], $7::text[], $8::boolean[], $9::float8[], $10::float8[], $11::boolean[], $12::text[])
         AS d (organization_id, rule_id, has_fired, was_skipped, error, is_new, measured, threshold, breached, occasion)
       WHERE s.organization_id = d.organization_id AND s.rule_id = d.rule_id
       RETURNING s.organization_id, s.rule_id, d.error IS NOT NULL AND s.consecutive_errors = ${FAILURES_BEFORE_TELLING} AS is_failing,
         d.is_new, d.measured, d.threshold, d.breached),
       kept AS (INSERT INTO rule_measurement AS m (organization_id, rule_id, measured_at, measured, threshold, breached)
         SELECT organization_id, rule_id, $1, measured, threshold, breached FROM changed WHERE is_new
         ON CONFLICT (organization_id, rule_id, measured_at) DO UPDATE SET measured = excluded.measured, threshold = excluded.threshold,
           breached = excluded.breached)
       SELECT rule_id FROM changed WHERE is_failing`,
      [
        facts.startedAt,
        facts.isTick,
        changed.map(({ rule }) => rule.organizationId),
        changed.map(({ rule }) => rule.ruleId),
        changed.map(({ decision }) => hasFired(decision)),
        changed.map(({ decision }) => decision.outcome === 'cooldown'),
        changed.map(({ decision }) => (decision.outcome === 'error' ? decision.error : null)),
        changed.map(measuresAnew),
        changed.map(({ decision }) => findingOf(decision)?.measured ?? null),
        changed.map(({ decision }) => findingOf(decision)?.threshold ?? null),
        changed.map(({ decision }) => findingOf(decision)?.breached ?? null),
        changed.map(({ decision }) => findingOf(decision)?.occasion ?? null),
      ],
    );
    return new Set(rows.map((row) => row.rule_id));
  }
}

/** A rule that was clear and is, or rests, stands where it stood. */
function hasChanged(decided: DecidedRule): boolean {
  const { rule, decision } = decided;
  if (decision.outcome === 'cooldown') return false;
  return rule.isFailing || decision.outcome === 'error' || hasFired(decision) || measuresAnew(decided);
}

/** Before the first measurement there is no threshold. */
function measuresAnew({ rule, decision }: DecidedRule): boolean {
  const finding = findingOf(decision);
  return finding !== null && (finding.measured !== rule.lastMeasured || finding.threshold !== rule.lastThreshold);
}

function findingOf(decision: Decision): Finding | null {
  return 'finding' in decision ? decision.finding : null;
}

function hasFired({ outcome }: Decision): boolean {
  return outcome === 'fired' || outcome === 'refreshed';
}

function toRun(organizationId: string, decided: readonly DecidedRule[], facts: PassFacts): EvaluationRun {
  return Object.assign(new EvaluationRun(), {
    id: newId(),
    organizationId,
    trigger: facts.trigger,
    requestedBy: facts.requestedBy,
    startedAt: facts.startedAt,
    durationSeconds: facts.durationSeconds,
    rulesEvaluated: decided.length,
    alertsFired: decided.filter(({ decision }) => decision.outcome === 'fired').length,
    outcomes: decided.map(toOutcome),
  } satisfies EvaluationRun);
}

function toOutcome({ rule, decision, alertId }: DecidedRule): KeptOutcome {
  const outcome: KeptOutcome = { rule_id: rule.ruleId, outcome: decision.outcome };
  const finding = findingOf(decision);
  if (finding) {
    if (finding.measured !== null) outcome.measured = finding.measured;
    outcome.threshold = finding.threshold;
  }
  if (alertId !== null) outcome.alert_id = alertId;
  if (decision.outcome === 'error') outcome.error = decision.error;
  return outcome;
}
