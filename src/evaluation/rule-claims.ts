import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { OnRepeat, Severity } from '../common/alerting.js';
import { queryRows } from '../database/index.js';
import { EvaluatorRegistry } from '../evaluators/index.js';
import type { ChangeKind } from '../posture/index.js';

/** A rule that this transaction has claimed: its state stays locked until the transaction ends. */
export interface ClaimedRule {
  ruleId: string;
  organizationId: string;
  organizationName: string;
  isDemo: boolean;
  name: string;
  ruleType: string;
  severity: Severity;
  config: unknown;
  cooldownHours: number;
  notifyInApp: boolean;
  notifyWebhook: boolean;
  webhookId: string | null;
  onRepeat: OnRepeat;
  /** Null follows the schedule of the deployment. */
  evaluationIntervalMinutes: number | null;
  nextEvaluationAt: Date | null;
  lastFiredAt: Date | null;
}

const CLAIMED_COLUMNS = `
  s.rule_id AS "ruleId", s.organization_id AS "organizationId", o.name AS "organizationName", o.is_demo AS "isDemo", r.name, r.rule_type AS "ruleType",
  r.severity, r.config, r.cooldown_hours AS "cooldownHours", r.notify_in_app AS "notifyInApp", r.notify_webhook AS "notifyWebhook",
  r.webhook_id AS "webhookId", r.on_repeat AS "onRepeat", r.evaluation_interval_minutes AS "evaluationIntervalMinutes", s.next_evaluation_at AS "nextEvaluationAt", s.last_fired_at AS "lastFiredAt"`;

const CLAIMED_FROM = `
  rule_state s
  JOIN alert_rule r ON r.organization_id = s.organization_id AND r.id = s.rule_id AND r.is_enabled
  JOIN organization o ON o.id = s.organization_id`;

/**
 * Claims rules for one transaction. A killed process loses its connection, its transaction ends, and what it had claimed is free again.
 * Whoever waits for a rule's lock waits in the order of organisation and rule, so that no two wait for each other.
 */
@Injectable()
export class RuleClaims {
  constructor(private readonly registry: EvaluatorRegistry) {}

  /** Some `rules` rules that are due, longest due first, and whatever else of their organisations is due; what another replica is at is passed over. */
  due(manager: EntityManager, now: Date, rules: number): Promise<ClaimedRule[]> {
    return queryRows(
      manager,
      `WITH head AS (
         SELECT organization_id FROM rule_state WHERE next_evaluation_at <= $1
         ORDER BY next_evaluation_at, organization_id LIMIT $2
         FOR UPDATE SKIP LOCKED
       )
       SELECT ${CLAIMED_COLUMNS} FROM ${CLAIMED_FROM}
       WHERE s.next_evaluation_at <= $1 AND s.organization_id IN (SELECT organization_id FROM head)
       ORDER BY s.organization_id, s.rule_id
       FOR UPDATE OF s SKIP LOCKED`,
      [now, rules],
    );
  }

  /** All enabled rules of one organisation; waits for a pass that is at them. */
  ofOrganization(manager: EntityManager, organizationId: string): Promise<ClaimedRule[]> {
    return queryRows(
      manager,
      `SELECT ${CLAIMED_COLUMNS} FROM ${CLAIMED_FROM} WHERE s.organization_id = $1 ORDER BY s.organization_id, s.rule_id FOR UPDATE OF s`,
      [organizationId],
    );
  }

  /**
   * Takes organisations whose posture changed, and the rules that the changes may affect. Waits for a pass that is at them, because that pass may have
   * measured before the change.
   * @returns null when no change is due.
   */
  async changed(manager: EntityManager, now: Date, organizations: number): Promise<ClaimedRule[] | null> {
    const changes = await queryRows<{ organization_id: string; kinds: ChangeKind[] }>(
      manager,
      `DELETE FROM posture_change WHERE organization_id IN
         (SELECT organization_id FROM posture_change WHERE due_at <= $1 ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED)
       RETURNING organization_id, kinds`,
      [now, organizations],
    );
    if (changes.length === 0) return null;
    const affected = changes.flatMap(({ organization_id: organizationId, kinds }) =>
      this.registry.affectedTypes(kinds).map((ruleType) => ({ organizationId, ruleType })),
    );
    return queryRows(
      manager,
      `SELECT ${CLAIMED_COLUMNS} FROM ${CLAIMED_FROM}
       WHERE (s.organization_id, r.rule_type) IN (SELECT * FROM unnest($1::uuid[], $2::text[]))
       ORDER BY s.organization_id, s.rule_id
       FOR UPDATE OF s`,
      [affected.map(({ organizationId }) => organizationId), affected.map(({ ruleType }) => ruleType)],
    );
  }
}
