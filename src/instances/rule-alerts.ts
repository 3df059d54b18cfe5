import { Injectable } from '@nestjs/common';
import { queryRows, type SqlRunner } from '../database/index.js';

/** The state of a rule at an instant, by its alerts. */
export interface RuleAlertsAt {
  /** When the last alert opened or was refreshed. */
  lastFiredAt: Date | null;
  /** The alert that a repeated firing would refresh. */
  unfinishedAlertId: string | null;
}

/** Reads the past state of a rule from its alerts, because the rule keeps only its latest state. */
@Injectable()
export class RuleAlerts {
  /**
   * An alert that was refreshed after the instant counts from when it opened, because earlier refreshes are not kept.
   */
  async at(runner: SqlRunner, organizationId: string, ruleId: string, at: Date): Promise<RuleAlertsAt> {
    const [alerts] = await queryRows<RuleAlertsAt>(
      runner,
      `SELECT max(CASE WHEN a.last_occurred_at <= $3 THEN a.last_occurred_at ELSE a.created_at END) AS "lastFiredAt",
         (array_agg(a.id ORDER BY (a.acknowledged_at IS NULL OR a.acknowledged_at > $3) DESC, a.created_at DESC, a.id DESC) FILTER (
           WHERE (a.resolved_at IS NULL OR a.resolved_at > $3) AND (a.dismissed_at IS NULL OR a.dismissed_at > $3)))[1] AS "unfinishedAlertId"
       FROM alert_instance a WHERE a.organization_id = $1 AND a.rule_id = $2 AND a.created_at <= $3`,
      [organizationId, ruleId, at],
    );
    return alerts!;
  }
}
