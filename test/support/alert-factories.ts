import type { AlertStatus, Severity } from '../../src/common/alerting.js';
import { newId } from '../../src/common/ids.js';
import type { TestDatabase } from './databases.js';
import { NOW } from './test-module.js';

export interface AlertFacts {
  ruleId?: string;
  ruleType?: string;
  severity?: Severity;
  status?: AlertStatus;
  createdAt?: Date;
  resolvedAt?: Date | null;
  dismissedAt?: Date | null;
}

/** Inserts alerts in one statement. By default they are open alerts of an orphan spike that fired at {@link NOW}. */
export async function someAlerts(
  database: TestDatabase,
  organizationId: string,
  alerts: readonly AlertFacts[],
): Promise<string[]> {
  const rows = alerts.map((facts) => ({
    id: newId(),
    organization_id: organizationId,
    rule_id: facts.ruleId ?? newId(),
    rule_name: 'Orphans',
    rule_type: facts.ruleType ?? 'orphan_spike',
    severity: facts.severity ?? 'low',
    title: 'Orphans',
    message: '7 techniques have no owner.',
    details: { orphan_count: 7 },
    status: facts.status ?? 'open',
    occurrence_count: 1,
    last_sequence: 1,
    last_occurred_at: facts.createdAt ?? NOW,
    created_at: facts.createdAt ?? NOW,
    resolved_at: facts.resolvedAt ?? null,
    dismissed_at: facts.dismissedAt ?? null,
  }));
  await database.query(
    'INSERT INTO alert_instance SELECT * FROM jsonb_populate_recordset(NULL::alert_instance, $1::jsonb)',
    [JSON.stringify(rows)],
  );
  return rows.map(({ id }) => id);
}
