import { newId } from '../../src/common/ids.js';
import type { TechniqueScope } from '../../src/posture/reading/scopes/technique-scope.js';
import type { TestDatabase } from './databases.js';
import { NOW } from './test-module.js';

const LONG_AGO = new Date('2000-01-01T00:00:00.000Z');

export interface RuleFacts {
  name?: string;
  ruleType?: string;
  severity?: string;
  config?: Record<string, unknown>;
  scope?: TechniqueScope;
  cooldownHours?: number;
  isEnabled?: boolean;
  notifyInApp?: boolean;
  notifyWebhook?: boolean;
  webhookId?: string | null;
  onRepeat?: 'new_instance' | 'update_open';
  lastFiredAt?: Date | null;
  evaluationIntervalMinutes?: number;
  /** Of the rule's schedule, which all rules of the organisation with the same interval share. */
  nextEvaluationAt?: Date;
}

/** A rule that is due at {@link NOW}. By default it breaches as soon as one technique in scope has no owner. */
export async function aRule(database: TestDatabase, organizationId: string, facts: RuleFacts = {}): Promise<string> {
  const id = newId();
  await database.query(
    `INSERT INTO alert_rule (id, organization_id, name, rule_type, severity, config, scope, cooldown_hours, is_enabled, notify_in_app, notify_webhook, webhook_id,
       on_repeat, evaluation_interval_minutes, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $15, $7, $8, $9, $10, $11, $12, $13, $14, $14)`,
    [
      id,
      organizationId,
      facts.name ?? 'Orphans',
      facts.ruleType ?? 'orphan_spike',
      facts.severity ?? 'low',
      facts.config ?? { min_orphan_count: 1 },
      facts.cooldownHours ?? 24,
      facts.isEnabled ?? true,
      facts.notifyInApp ?? true,
      facts.notifyWebhook ?? false,
      facts.webhookId ?? null,
      facts.onRepeat ?? 'new_instance',
      facts.evaluationIntervalMinutes ?? null,
      NOW,
      facts.scope ?? null,
    ],
  );
  const isEnabled = facts.isEnabled ?? true;
  await database.query(
    'INSERT INTO rule_state (organization_id, rule_id, scheduled_since, last_fired_at) VALUES ($1, $2, $3, $4)',
    [organizationId, id, isEnabled ? LONG_AGO : null, facts.lastFiredAt ?? null],
  );
  if (isEnabled) {
    await database.query(
      `INSERT INTO rule_schedule (organization_id, interval_minutes, next_evaluation_at) VALUES ($1, $2, $3)
       ON CONFLICT (organization_id, interval_minutes) DO UPDATE SET next_evaluation_at = excluded.next_evaluation_at`,
      [organizationId, facts.evaluationIntervalMinutes ?? 0, facts.nextEvaluationAt ?? NOW],
    );
  }
  return id;
}

/** An endpoint with an invalid secret: enough to fill the outbox. */
export async function anEndpoint(
  database: TestDatabase,
  organizationId: string,
  { events = ['alert.fired'], isEnabled = true }: { events?: string[]; isEnabled?: boolean } = {},
): Promise<string> {
  const id = newId();
  await database.query(
    `INSERT INTO webhook_endpoint (id, organization_id, name, url, events, format, is_enabled, secret_ciphertext)
     VALUES ($1, $2, 'Endpoint', 'https://receiver.example/', $3, 'standard', $4, 'sealed')`,
    [id, organizationId, events, isEnabled],
  );
  return id;
}
