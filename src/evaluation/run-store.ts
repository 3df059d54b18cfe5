import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { notFound } from '../common/errors/index.js';
import { isUuid, newId } from '../common/ids.js';
import type { Page, PageRequest } from '../common/pagination/index.js';
import { keysetPage, queryRows } from '../database/index.js';
import type { Finding } from '../evaluators/index.js';
import { CHANGE_RULE_STATES, ruleStateParameters, type RuleStateChange } from '../rules/index.js';
import type { Decision } from './decide.js';
import type { DecidedRule } from './evaluation-pass.js';
import { EvaluationRun } from './evaluation-run.entity.js';
import {
  hasFired,
  FAILURES_BEFORE_NOTICE,
  type EvaluationTrigger,
  type StoredOutcome,
  type RuleOutcome,
} from './rule-outcome.js';

/** The facts about a pass that its runs keep. */
export interface PassFacts {
  trigger: EvaluationTrigger;
  requestedBy: string | null;
  startedAt: Date;
  durationSeconds: number;
  /** Whether this is a tick. A tick stores its instant once in each schedule, another pass in each rule. */
  isTick: boolean;
}

/** Writes states and new measurements of rules. Returns the rules that now reached {@link FAILURES_BEFORE_NOTICE}. */
export const SAVE_STATES = `
  WITH changed AS (${CHANGE_RULE_STATES}),
  kept AS (INSERT INTO rule_measurement AS m (organization_id, rule_id, measured_at, measured, threshold, breached)
    SELECT organization_id, rule_id, $1, measured, threshold, breached FROM changed WHERE is_new
    ON CONFLICT (organization_id, rule_id, measured_at) DO UPDATE SET measured = excluded.measured, threshold = excluded.threshold,
      breached = excluded.breached)
  SELECT rule_id FROM changed WHERE has_failed AND consecutive_errors = ${FAILURES_BEFORE_NOTICE}`;

/** Stores the results of passes: one statement for all rules, and one for all organisations. */
@Injectable()
export class RunStore {
  constructor(private readonly dataSource: DataSource) {}

  /** @param alwaysOf an organisation that gets a run even if none of its rules was evaluated. */
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

  /** The outcomes of a run, with the names and types of the rules, in the order of the run. */
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
   * Writes the changed states and the new measurements of rules.
   * @returns the ids of rules that have now failed often enough to notify people.
   */
  async saveStates(manager: EntityManager, decided: readonly DecidedRule[], facts: PassFacts): Promise<Set<string>> {
    const changed = facts.isTick ? decided.filter((one) => hasChanged(one, facts.startedAt)) : decided;
    if (changed.length === 0) return new Set();
    const rows = await queryRows<{ rule_id: string }>(
      manager,
      SAVE_STATES,
      ruleStateParameters(changed.map(toStateChange), facts.startedAt, facts.isTick),
    );
    return new Set(rows.map((row) => row.rule_id));
  }
}

/** A rule in cooldown, or one that stayed clear with the same value, needs no write. A firing of the future does. */
function hasChanged(decided: DecidedRule, now: Date): boolean {
  const { rule, decision } = decided;
  if (rule.lastFiredAt !== null && rule.lastFiredAt > now) return true;
  if (decision.outcome === 'cooldown') return false;
  return rule.isFailing || decision.outcome === 'error' || hasFired(decision.outcome) || hasNewMeasurement(decided);
}

/** The threshold is null before the first measurement. */
function hasNewMeasurement({ rule, decision }: DecidedRule): boolean {
  const finding = findingOf(decision);
  return finding !== null && (finding.measured !== rule.lastMeasured || finding.threshold !== rule.lastThreshold);
}

function findingOf(decision: Decision): Finding | null {
  return 'finding' in decision ? decision.finding : null;
}

function toStateChange(decided: DecidedRule): RuleStateChange {
  const { rule, decision } = decided;
  const finding = findingOf(decision);
  return {
    organizationId: rule.organizationId,
    ruleId: rule.ruleId,
    hasFired: hasFired(decision.outcome),
    wasSkipped: decision.outcome === 'cooldown',
    error: decision.outcome === 'error' ? decision.error : null,
    isNew: hasNewMeasurement(decided),
    measured: finding?.measured ?? null,
    threshold: finding?.threshold ?? null,
    breached: finding?.breached ?? null,
    occasion: finding?.occasion ?? null,
  };
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

function toOutcome({ rule, decision, alertId }: DecidedRule): StoredOutcome {
  const outcome: StoredOutcome = { rule_id: rule.ruleId, outcome: decision.outcome };
  const finding = findingOf(decision);
  if (finding) {
    if (finding.measured !== null) outcome.measured = finding.measured;
    outcome.threshold = finding.threshold;
  }
  if (alertId !== null) outcome.alert_id = alertId;
  if (decision.outcome === 'error') outcome.error = decision.error;
  return outcome;
}
