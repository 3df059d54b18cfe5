import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../common/ids.js';
import { queryRows } from '../database/index.js';
import { WebhookOutbox } from '../webhooks/index.js';
import { alertEventData } from './alert-event-data.js';
import type { AlertInstance } from './alert-instance.entity.js';

/** A change of an alert's status by a person or an API key. */
export interface AlertEvent {
  type: 'alert.acknowledged' | 'alert.resolved' | 'alert.dismissed';
  actorId: string;
  occurredAt: Date;
}

interface EventContext {
  organizationName: string;
  isDemo: boolean;
  actorName: string | null;
  /** The rule's own endpoint; null when the rule notifies none. */
  webhookId: string | null;
}

/** Sends changes of alerts to webhooks, in the transaction of the change. */
@Injectable()
export class AlertEvents {
  constructor(private readonly outbox: WebhookOutbox) {}

  /**
   * @param alert as it is after the change.
   * @param manager of a transaction that `Transactions.run` opened.
   */
  async send(manager: EntityManager, alert: AlertInstance, { type, actorId, occurredAt }: AlertEvent): Promise<void> {
    const [context] = await queryRows<EventContext>(
      manager,
      `SELECT o.name AS "organizationName", o.is_demo AS "isDemo",
         coalesce((SELECT display_name FROM user_account WHERE id = $2),
           (SELECT name FROM api_key WHERE organization_id = o.id AND id = $2)) AS "actorName",
         (SELECT webhook_id FROM alert_rule WHERE organization_id = o.id AND id = $3 AND notify_webhook) AS "webhookId"
       FROM organization o WHERE o.id = $1`,
      [alert.organizationId, actorId, alert.ruleId],
    );
    if (!context) return;
    const { organizationName, isDemo, actorName, webhookId } = context;
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
        data: alertEventData(alert, { organizationName, isDemo, actor: { id: actorId, name: actorName } }),
        directEndpointId: webhookId,
      },
    ]);
  }
}
