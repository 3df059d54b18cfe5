import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { notFound } from '../common/errors/index.js';
import { isUuid, newId } from '../common/ids.js';
import type { Page, PageRequest } from '../common/pagination/index.js';
import { keysetPage, queryRows } from '../database/index.js';
import type { DecidedRule } from './evaluation-pass.js';
import { EvaluationRun } from './evaluation-run.entity.js';
import type { ClaimedRule } from './rule-claims.js';
import { FAILURES_BEFORE_TELLING, type EvaluationTrigger, type RuleOutcome } from './rule-outcome.js';

/** What a pass was, beyond its rules. */
export interface PassFacts {
  trigger: EvaluationTrigger;
  requestedBy: string | null;
  startedAt: Date;
  durationSeconds: number;
  /** When a rule is due next; null leaves that as it is, for passes that come between two ticks. */
  nextEvaluationAt: ((rule: ClaimedRule) => Date) | null;
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

  /**
   * Writes where each rule stands now.
   * @returns the ids of rules that have just failed so many times in a row that somebody must be told.
   */
  async saveStates(manager: EntityManager, decided: readonly DecidedRule[], facts: PassFacts): Promise<Set<string>> {
    const rows = await queryRows<{ rule_id: string }>(
      manager,
      `WITH changed AS (UPDATE rule_state s SET
         last_evaluated_at = $1,
         last_fired_at = CASE WHEN d.has_fired THEN $1 ELSE s.last_fired_at END,
         last_error = CASE WHEN d.was_skipped THEN s.last_error ELSE d.error END,
         consecutive_errors = CASE WHEN d.was_skipped THEN s.consecutive_errors WHEN d.error IS NULL THEN 0 ELSE s.consecutive_errors + 1 END,
         next_evaluation_at = coalesce(d.next_evaluation_at, s.next_evaluation_at)
       FROM unnest($2::timestamptz[], $3::uuid[], $4::uuid[], $5::boolean[], $6::boolean[], $7::text[])
         AS d (next_evaluation_at, organization_id, rule_id, has_fired, was_skipped, error)
       WHERE s.organization_id = d.organization_id AND s.rule_id = d.rule_id
       RETURNING s.rule_id, d.error IS NOT NULL AND s.consecutive_errors = ${FAILURES_BEFORE_TELLING} AS is_failing)
       SELECT rule_id FROM changed WHERE is_failing`,
      [
        facts.startedAt,
        decided.map(({ rule }) => facts.nextEvaluationAt?.(rule) ?? null),
        decided.map(({ rule }) => rule.organizationId),
        decided.map(({ rule }) => rule.ruleId),
        decided.map(({ decision }) => decision.outcome === 'fired' || decision.outcome === 'refreshed'),
        decided.map(({ decision }) => decision.outcome === 'cooldown'),
        decided.map(({ decision }) => (decision.outcome === 'error' ? decision.error : null)),
      ],
    );
    return new Set(rows.map((row) => row.rule_id));
  }
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

function toOutcome({ rule, decision, alertId }: DecidedRule): RuleOutcome {
  const finding = 'finding' in decision ? decision.finding : null;
  return {
    rule_id: rule.ruleId,
    rule_name: rule.name,
    rule_type: rule.ruleType,
    outcome: decision.outcome,
    measured: finding?.measured ?? null,
    threshold: finding?.threshold ?? null,
    alert_id: alertId,
    error: decision.outcome === 'error' ? decision.error : null,
  };
}
