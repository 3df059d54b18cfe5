import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { OnRepeat, Severity } from '../common/alerting.js';
import { queryRows } from '../database/index.js';
import { EvaluatorRegistry } from '../evaluators/index.js';
import { PostureChanges } from '../posture/index.js';
import { RuleSchedules, type ClaimedSchedule } from '../rules/index.js';

/** A rule of a claimed schedule, with only the fields that measuring and deciding need: there may be thousands. */
export interface ClaimedRule {
  ruleId: string;
  organizationId: string;
  ruleType: string;
  /** JSON text. */
  config: string;
  /** JSON text; null for a rule that is not limited. */
  scope: string | null;
  cooldownHours: number;
  onRepeat: OnRepeat;
  evaluationIntervalMinutes: number | null;
  lastFiredAt: Date | null;
  /** Whether its last evaluation failed. */
  isFailing: boolean;
  /** The last measured value. It and the threshold are null before the first measurement. */
  lastMeasured: number | null;
  lastThreshold: number | null;
  lastOccasion: string | null;
}

/** The fields of a rule that alerts and notifications need. */
export interface RuleDetails {
  organizationName: string;
  isDemo: boolean;
  name: string;
  severity: Severity;
  notifyInApp: boolean;
  notifyWebhook: boolean;
  webhookId: string | null;
  /** When it was last measured. Evaluations during a cooldown do not count. Null before the first evaluation. */
  measuredBefore: Date | null;
}

export interface Claim {
  schedules: ClaimedSchedule[];
  rules: ClaimedRule[];
}

/**
 * Claims rules for one transaction by locking their schedules, in the order of organisation and interval, so that two
 * claims cannot deadlock. A later statement reads the rules, because it sees what the last holder of a lock committed.
 */
@Injectable()
export class RuleClaims {
  constructor(
    private readonly registry: EvaluatorRegistry,
    private readonly schedules: RuleSchedules,
    private readonly changes: PostureChanges,
  ) {}

  /** Claims up to `limit` due schedules, longest due first. Skips schedules that another replica has locked. */
  async due(manager: EntityManager, now: Date, limit: number): Promise<Claim> {
    const schedules = await this.schedules.claimDue(manager, now, limit);
    return { schedules, rules: await this.rulesOf(manager, schedules) };
  }

  /** Claims all enabled rules of one organisation. Waits for a pass that has locked them. */
  async ofOrganization(manager: EntityManager, organizationId: string): Promise<Claim> {
    const schedules = await this.schedules.claimOf(manager, [organizationId]);
    return { schedules, rules: await this.rulesOf(manager, schedules) };
  }

  /**
   * Claims organisations whose posture changed, and the rules that the changes may affect. Waits for a pass that has
   * locked them, because it may have measured before the change.
   * @returns null when no change is due.
   */
  async changed(manager: EntityManager, now: Date, organizations: number): Promise<Claim | null> {
    const changes = await this.changes.claim(manager, now, organizations);
    if (changes.length === 0) return null;
    const schedules = await this.schedules.claimOf(
      manager,
      changes.map(({ organizationId }) => organizationId),
    );
    const affected = new Map(
      changes.map(({ organizationId, kinds }) => [organizationId, this.registry.affectedTypes(kinds)]),
    );
    const rules = await this.rulesOf(manager, schedules, [...new Set([...affected.values()].flat())]);
    return {
      schedules,
      rules: rules.filter(({ organizationId, ruleType }) => affected.get(organizationId)?.includes(ruleType)),
    };
  }

  /** Sets when claimed schedules are due next, after their rules were evaluated: see {@link RuleSchedules.moveOn}. */
  moveOn(...claimed: Parameters<RuleSchedules['moveOn']>): Promise<void> {
    return this.schedules.moveOn(...claimed);
  }

  /** @returns the details by rule id, without rules that were deleted meanwhile. */
  async details(manager: EntityManager, rules: readonly ClaimedRule[]): Promise<Map<string, RuleDetails>> {
    if (rules.length === 0) return new Map();
    const rows = await queryRows<RuleDetails & { ruleId: string }>(
      manager,
      `SELECT r.id AS "ruleId", o.name AS "organizationName", o.is_demo AS "isDemo", r.name, r.severity, r.notify_in_app AS "notifyInApp",
         r.notify_webhook AS "notifyWebhook", r.webhook_id AS "webhookId",
         CASE WHEN v.last_evaluated_at < v.last_fired_at + r.cooldown_hours * interval '1 hour' THEN v.last_fired_at
           ELSE v.last_evaluated_at END AS "measuredBefore"
       FROM unnest($1::uuid[], $2::uuid[]) AS wanted (organization_id, id)
       JOIN alert_rule r ON r.organization_id = wanted.organization_id AND r.id = wanted.id
       JOIN organization o ON o.id = r.organization_id
       LEFT JOIN rule_standing v ON v.organization_id = r.organization_id AND v.rule_id = r.id`,
      [rules.map(({ organizationId }) => organizationId), rules.map(({ ruleId }) => ruleId)],
    );
    return new Map(rows.map(({ ruleId, ...details }) => [ruleId, details]));
  }

  /** @param ruleTypes limits the rules to these types; null: all types. */
  private async rulesOf(
    manager: EntityManager,
    schedules: readonly ClaimedSchedule[],
    ruleTypes: readonly string[] | null = null,
  ): Promise<ClaimedRule[]> {
    if (schedules.length === 0) return [];
    return queryRows(
      manager,
      `SELECT r.id AS "ruleId", r.organization_id AS "organizationId", r.rule_type AS "ruleType", r.config::text AS config, r.scope::text AS scope,
         r.cooldown_hours AS "cooldownHours", r.on_repeat AS "onRepeat",
         r.evaluation_interval_minutes AS "evaluationIntervalMinutes", s.last_fired_at AS "lastFiredAt", s.last_error IS NOT NULL AS "isFailing",
         s.last_measured AS "lastMeasured", s.last_threshold AS "lastThreshold", s.last_occasion AS "lastOccasion"
       FROM unnest($1::uuid[], $2::integer[]) AS claimed (organization_id, interval_minutes)
       JOIN alert_rule r ON r.organization_id = claimed.organization_id AND coalesce(r.evaluation_interval_minutes, 0) = claimed.interval_minutes
       JOIN rule_state s ON s.organization_id = r.organization_id AND s.rule_id = r.id
       WHERE r.is_enabled AND ($3::text[] IS NULL OR r.rule_type = ANY ($3))
       ORDER BY r.organization_id, r.id`,
      [
        schedules.map(({ organizationId }) => organizationId),
        schedules.map(({ evaluationIntervalMinutes }) => evaluationIntervalMinutes ?? 0),
        ruleTypes,
      ],
    );
  }
}
