import { newId } from '../../src/common/ids.js';
import type { TestDatabase } from './databases.js';
import { NOW } from './test-module.js';

export interface RuleFacts {
  name?: string;
  ruleType?: string;
  severity?: string;
  config?: Record<string, unknown>;
  cooldownHours?: number;
  isEnabled?: boolean;
  notifyInApp?: boolean;
  notifyWebhook?: boolean;
  webhookId?: string | null;
  onRepeat?: 'new_instance' | 'update_open';
  lastFiredAt?: Date | null;
  nextEvaluationAt?: Date | null;
}

/** A rule that is due at {@link NOW}; by default it breaches as soon as one technique in scope has no owner. */
export async function aRule(database: TestDatabase, organizationId: string, facts: RuleFacts = {}): Promise<string> {
  const id = newId();
  await database.query(
    `INSERT INTO alert_rule (id, organization_id, name, rule_type, severity, config, cooldown_hours, is_enabled, notify_in_app, notify_webhook, webhook_id,
       on_repeat, created_at, updated_at)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)`,
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
      NOW,
    ],
  );
  await database.query(
    'INSERT INTO rule_state (organization_id, rule_id, next_evaluation_at, last_fired_at) VALUES ($1, $2, $3, $4)',
    [
      organizationId,
      id,
      facts.isEnabled === false ? null : facts.nextEvaluationAt === undefined ? NOW : facts.nextEvaluationAt,
      facts.lastFiredAt ?? null,
    ],
  );
  return id;
}

/** An endpoint whose secret nobody can open: enough to see what is put into the outbox. */
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
