import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Severity } from '../common/alerting.js';
import { queryRows } from '../database/index.js';

/** An alert to open. */
export interface NewAlert {
  id: string;
  organizationId: string;
  ruleId: string;
  ruleName: string;
  ruleType: string;
  severity: Severity;
  title: string;
  message: string;
  details: Record<string, unknown>;
  /** Set for a rule that keeps at most one open alert; null otherwise. */
  fingerprint: string | null;
  occurredAt: Date;
}

/** The changes that a repeated firing makes to the open alert. */
export interface AlertRefresh {
  alertId: string;
  organizationId: string;
  severity: Severity;
  title: string;
  message: string;
  details: Record<string, unknown>;
  occurredAt: Date;
}

/** Writes alerts in the engine's transaction. Each method is one statement. */
@Injectable()
export class AlertWriter {
  async open(manager: EntityManager, alerts: readonly NewAlert[]): Promise<void> {
    if (alerts.length === 0) return;
    await manager.query(
      `INSERT INTO alert_instance (id, organization_id, rule_id, rule_name, rule_type, severity, title, message, details, fingerprint, last_occurred_at,
         created_at)
       SELECT id, organization_id, rule_id, rule_name, rule_type, severity, title, message, details, fingerprint, occurred_at, occurred_at
       FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::jsonb[], $10::text[],
         $11::timestamptz[])
         AS a (id, organization_id, rule_id, rule_name, rule_type, severity, title, message, details, fingerprint, occurred_at)`,
      [
        alerts.map(({ id }) => id),
        alerts.map(({ organizationId }) => organizationId),
        alerts.map(({ ruleId }) => ruleId),
        alerts.map(({ ruleName }) => ruleName),
        alerts.map(({ ruleType }) => ruleType),
        alerts.map(({ severity }) => severity),
        alerts.map(({ title }) => title),
        alerts.map(({ message }) => message),
        alerts.map(({ details }) => JSON.stringify(details)),
        alerts.map(({ fingerprint }) => fingerprint),
        alerts.map(({ occurredAt }) => occurredAt),
      ],
    );
  }

  /**
   * Finds the alert of each rule that a repeated firing refreshes: the newest open one, or else the newest
   * acknowledged one. It stays locked until the transaction ends, so that the decision about it stays valid.
   * @returns alert ids by rule id.
   */
  async lockUnfinished(
    manager: EntityManager,
    rules: readonly { organizationId: string; ruleId: string }[],
  ): Promise<Map<string, string>> {
    if (rules.length === 0) return new Map();
    const rows = await queryRows<{ id: string; rule_id: string }>(
      manager,
      `SELECT a.id, a.rule_id
       FROM unnest($1::uuid[], $2::uuid[]) AS r (organization_id, rule_id)
       JOIN alert_instance a ON a.organization_id = r.organization_id AND a.rule_id = r.rule_id
       WHERE a.status IN ('open', 'acknowledged')
       ORDER BY a.status = 'open', a.created_at, a.id
       FOR UPDATE OF a`,
      [rules.map(({ organizationId }) => organizationId), rules.map(({ ruleId }) => ruleId)],
    );
    return new Map(rows.map((row) => [row.rule_id, row.id]));
  }

  /** The alerts must be locked by {@link lockUnfinished} in the same transaction. */
  async refresh(manager: EntityManager, refreshes: readonly AlertRefresh[]): Promise<void> {
    if (refreshes.length === 0) return;
    await manager.query(
      `UPDATE alert_instance a SET occurrence_count = a.occurrence_count + 1, severity = f.severity, title = f.title, message = f.message,
         details = f.details, last_occurred_at = f.occurred_at
       FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::timestamptz[])
         AS f (id, organization_id, severity, title, message, details, occurred_at)
       WHERE a.organization_id = f.organization_id AND a.id = f.id`,
      [
        refreshes.map(({ alertId }) => alertId),
        refreshes.map(({ organizationId }) => organizationId),
        refreshes.map(({ severity }) => severity),
        refreshes.map(({ title }) => title),
        refreshes.map(({ message }) => message),
        refreshes.map(({ details }) => JSON.stringify(details)),
        refreshes.map(({ occurredAt }) => occurredAt),
      ],
    );
  }
}
