import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../common/ids.js';
import { queryRows } from '../database/index.js';
import { WebhookOutbox } from '../webhooks/index.js';
import type { AlertInstance } from './alert-instance.entity.js';

/** What a person, or an API key, made of an alert. */
export interface AlertEvent {
  type: 'alert.acknowledged' | 'alert.resolved' | 'alert.dismissed';
  actorId: string;
  occurredAt: Date;
}

interface Surroundings {
  organizationName: string;
  isDemo: boolean;
  actorName: string | null;
  /** The rule's own endpoint, where it has one that is to be told. */
  webhookId: string | null;
}

/** Tells webhooks what becomes of alerts, in the transaction in which it becomes so. */
@Injectable()
export class AlertEvents {
  constructor(private readonly outbox: WebhookOutbox) {}

  /**
   * @param alert as it is now.
   * @param manager of a transaction that `Transactions.run` opened.
   */
  async tell(manager: EntityManager, alert: AlertInstance, { type, actorId, occurredAt }: AlertEvent): Promise<void> {
    const [around] = await queryRows<Surroundings>(
      manager,
      `SELECT o.name AS "organizationName", o.is_demo AS "isDemo",
         coalesce((SELECT display_name FROM user_account WHERE id = $2),
           (SELECT name FROM api_key WHERE organization_id = o.id AND id = $2)) AS "actorName",
         (SELECT webhook_id FROM alert_rule WHERE organization_id = o.id AND id = $3 AND notify_webhook) AS "webhookId"
       FROM organization o WHERE o.id = $1`,
      [alert.organizationId, actorId, alert.ruleId],
    );
    if (!around) return;
    await this.outbox.enqueue(manager, [
      {
        eventId: newId(),
        organizationId: alert.organizationId,
        type,
        alertId: alert.id,
        sequence: alert.lastSequence,
        severity: alert.severity,
        ruleType: alert.ruleType,
        occurredAt,
        data: toPayload(alert, around, actorId),
        directEndpointId: around.webhookId,
      },
    ]);
  }
}

/** The alert as it is now, in snake_case as it goes over the wire, and who made it so. */
function toPayload(
  alert: AlertInstance,
  { organizationName, isDemo, actorName }: Surroundings,
  actorId: string,
): Record<string, unknown> {
  return {
    alert_id: alert.id,
    rule_id: alert.ruleId,
    rule_name: alert.ruleName,
    rule_type: alert.ruleType,
    severity: alert.severity,
    title: alert.title,
    message: alert.message,
    details: alert.details,
    status: alert.status,
    sequence: alert.lastSequence,
    actor: { id: actorId, name: actorName },
    organization: { id: alert.organizationId, name: organizationName },
    created_at: alert.createdAt.toISOString(),
    ...(isDemo ? { is_demo: true } : {}),
  };
}
