import { Injectable } from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import { DataSource, type EntityManager } from 'typeorm';
import { CLOCK_SLACK_MS } from '../common/clock-slack.js';
import { Clock } from '../common/clock.js';
import { countChanged, queryRows, Transactions } from '../database/index.js';
import { RuleState } from './rule-state.entity.js';

/** The schedule of the rules of one organisation with the same interval, locked by this transaction. */
export interface ClaimedSchedule {
  organizationId: string;
  /** Null follows the schedule of the deployment. */
  evaluationIntervalMinutes: number | null;
  nextEvaluationAt: Date;
}

/** The facts about a rule that its schedule needs. */
export interface ScheduledRule {
  id: string;
  organizationId: string;
  evaluationIntervalMinutes: number | null;
  isEnabled: boolean;
}

const COLUMNS = `organization_id AS "organizationId", nullif(interval_minutes, 0) AS "evaluationIntervalMinutes",
  next_evaluation_at AS "nextEvaluationAt"`;

/** Makes schedules due. @param rows SQL of the organisation, interval and instant of each schedule. */
export function makeDueSql(rows: string): string {
  return `INSERT INTO rule_schedule AS g (organization_id, interval_minutes, next_evaluation_at) ${rows}
    ON CONFLICT (organization_id, interval_minutes) DO UPDATE SET next_evaluation_at = least(g.next_evaluation_at, excluded.next_evaluation_at)`;
}

/** $1 now, $2 the largest number of schedules. */
export const CLAIM_DUE_SCHEDULES = `
  SELECT ${COLUMNS} FROM rule_schedule WHERE next_evaluation_at <= $1
  ORDER BY next_evaluation_at, organization_id, interval_minutes LIMIT $2
  FOR UPDATE SKIP LOCKED`;

/** $1 the organisations. */
export const CLAIM_SCHEDULES_OF = `
  SELECT ${COLUMNS} FROM rule_schedule WHERE organization_id = ANY ($1::uuid[]) ORDER BY organization_id, interval_minutes FOR UPDATE`;

/** $1 the instant of the evaluation, $2 to $5 the columns of the claimed schedules. */
export const MOVE_SCHEDULES_ON = `
  WITH claimed AS MATERIALIZED (
    SELECT * FROM unnest($2::uuid[], $3::integer[], $4::timestamptz[], $5::boolean[])
      AS c (organization_id, interval_minutes, next_evaluation_at, has_rules)
  ), removed AS (
    DELETE FROM rule_schedule g USING claimed c
    WHERE NOT c.has_rules AND g.organization_id = c.organization_id AND g.interval_minutes = c.interval_minutes
  )
  UPDATE rule_schedule g SET next_evaluation_at = c.next_evaluation_at, last_evaluated_at = $1 FROM claimed c
  WHERE c.has_rules AND g.organization_id = c.organization_id AND g.interval_minutes = c.interval_minutes`;

/** The only writer of `rule_schedule`, and of `rule_state` except for `CHANGE_RULE_STATES`. */
@Injectable()
export class RuleSchedules {
  private readonly becameDue = new Subject<void>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly transactions: Transactions,
    private readonly clock: Clock,
  ) {}

  /** Emits after each commit of this process that made the schedule of a rule due. */
  get madeDue(): Observable<void> {
    return this.becameDue.asObservable();
  }

  /** Makes the schedule of a rule due. Waits for a pass that has locked it; then its rules are evaluated again. */
  async makeDue(manager: EntityManager, rule: Omit<ScheduledRule, 'id' | 'isEnabled'>): Promise<void> {
    await manager.query(makeDueSql('VALUES ($1, $2, $3)'), [
      rule.organizationId,
      rule.evaluationIntervalMinutes ?? 0,
      this.clock.now(),
    ]);
    this.transactions.afterCommit(manager, () => this.becameDue.next());
  }

  /** Gives a new rule its state. */
  async begin(manager: EntityManager, { id: ruleId, organizationId, isEnabled }: ScheduledRule): Promise<void> {
    await manager.insert(RuleState, {
      organizationId,
      ruleId,
      scheduledSince: isEnabled ? this.clock.now() : null,
    });
  }

  /** Copies the last evaluation from the schedule to the rule, before the rule gets another schedule or none. */
  async detachFromSchedule(
    manager: EntityManager,
    { id, organizationId, isEnabled }: Omit<ScheduledRule, 'evaluationIntervalMinutes'>,
  ): Promise<void> {
    await manager.query(
      `UPDATE rule_state s SET last_evaluated_at = v.last_evaluated_at, scheduled_since = $3
       FROM rule_standing v
       WHERE s.organization_id = $1 AND s.rule_id = $2 AND v.organization_id = s.organization_id AND v.rule_id = s.rule_id`,
      [organizationId, id, isEnabled ? this.clock.now() : null],
    );
  }

  /** Claims up to `limit` due schedules, longest due first. Skips schedules that another replica has locked. */
  claimDue(manager: EntityManager, now: Date, limit: number): Promise<ClaimedSchedule[]> {
    return queryRows(manager, CLAIM_DUE_SCHEDULES, [now, limit]);
  }

  /** Claims all schedules of the organisations, due or not. Waits for passes that have locked them. */
  claimOf(manager: EntityManager, organizationIds: readonly string[]): Promise<ClaimedSchedule[]> {
    return queryRows(manager, CLAIM_SCHEDULES_OF, [organizationIds]);
  }

  /**
   * Sets when claimed schedules are due next, and removes those without enabled rules. A concurrent {@link makeDue}
   * waits for this transaction and then creates the schedule again.
   * @param hasRules whether a schedule has enabled rules.
   */
  async moveOn(
    manager: EntityManager,
    schedules: readonly ClaimedSchedule[],
    hasRules: (schedule: ClaimedSchedule) => boolean,
    nextOf: (schedule: ClaimedSchedule) => Date,
    at: Date,
  ): Promise<void> {
    const column = <T>(value: (schedule: ClaimedSchedule) => T): T[] => schedules.map(value);
    await manager.query(MOVE_SCHEDULES_ON, [
      at,
      column(({ organizationId }) => organizationId),
      column(({ evaluationIntervalMinutes }) => evaluationIntervalMinutes ?? 0),
      column(nextOf),
      column(hasRules),
    ]);
  }

  /** Makes schedules due that were not evaluated in the last `freshMs`. Skips those that another replica has locked. */
  async makeStaleDue(now: Date, freshMs: number): Promise<void> {
    await this.dataSource.query(
      `UPDATE rule_schedule SET next_evaluation_at = $1 WHERE (organization_id, interval_minutes) IN (
         SELECT organization_id, interval_minutes FROM rule_schedule
         WHERE next_evaluation_at > $1 AND (last_evaluated_at IS NULL OR last_evaluated_at <= $1 - $2 * interval '1 millisecond'
           OR last_evaluated_at > $1 + $2 * interval '1 millisecond')
         FOR UPDATE SKIP LOCKED)`,
      [now, freshMs],
    );
  }

  /**
   * Makes schedules due that a clock that was ahead moved on: evaluated later than `now`, or due later than their
   * interval allows. Skips those that another replica has locked.
   * @param nextSlot the next slot of the deployment's schedule.
   * @returns the number of schedules.
   */
  makeLateDue(now: Date, nextSlot: Date): Promise<number> {
    return countChanged(
      this.dataSource,
      `UPDATE rule_schedule SET next_evaluation_at = least(next_evaluation_at, $1),
         last_evaluated_at = CASE WHEN last_evaluated_at > $1 THEN $1 ELSE last_evaluated_at END
       WHERE (organization_id, interval_minutes) IN (
         SELECT organization_id, interval_minutes FROM rule_schedule
         WHERE last_evaluated_at > $1::timestamptz + $3 * interval '1 millisecond' OR next_evaluation_at > $3 * interval '1 millisecond'
           + CASE interval_minutes WHEN 0 THEN $2::timestamptz ELSE $1::timestamptz + interval_minutes * interval '1 minute' END
         FOR UPDATE SKIP LOCKED)`,
      [now, nextSlot, CLOCK_SLACK_MS],
    );
  }

  /** Makes every schedule due. Waits for schedules that another replica has locked. */
  async makeAllDue(now: Date): Promise<void> {
    await this.dataSource.query(
      `UPDATE rule_schedule SET next_evaluation_at = $1 WHERE (organization_id, interval_minutes) IN (
         SELECT organization_id, interval_minutes FROM rule_schedule WHERE next_evaluation_at > $1
         ORDER BY organization_id, interval_minutes FOR UPDATE)`,
      [now],
    );
  }

  /** Stores when rules last fired, for alerts of the past. Only the generated demo may use it. */
  async noteFiredAsOf(
    manager: EntityManager,
    organizationId: string,
    firings: ReadonlyMap<string, Date>,
  ): Promise<void> {
    await manager.query(
      `UPDATE rule_state s SET last_fired_at = f.fired_at, last_evaluated_at = f.fired_at
       FROM unnest($2::uuid[], $3::timestamptz[]) AS f (rule_id, fired_at)
       WHERE s.organization_id = $1 AND s.rule_id = f.rule_id`,
      [organizationId, [...firings.keys()], [...firings.values()]],
    );
  }
}
