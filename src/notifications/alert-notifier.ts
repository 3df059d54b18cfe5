import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ALERT_AUDIENCE } from '../common/access/index.js';
import type { Severity } from '../common/alerting.js';
import { queryRows, Transactions } from '../database/index.js';
import { Metrics } from '../metrics/index.js';

/** What the audience of an organisation is told. */
export interface AlertNotice {
  organizationId: string;
  /** The alert it is about; null where it is about a rule or a webhook. */
  alertId: string | null;
  event: 'alert.fired' | 'rule.failing' | 'webhook.failing' | 'webhook.disabled';
  severity: Severity;
  title: string;
  message: string;
  occurredAt: Date;
}

/** Puts notices into the inboxes of those who are told of alerts, in the transaction of what they are about. */
@Injectable()
export class AlertNotifier {
  constructor(
    private readonly transactions: Transactions,
    private readonly metrics: Metrics,
  ) {}

  /**
   * Tells every active admin and lead of each notice's organisation; of an alert once a person and event.
   * @param manager of a transaction that `Transactions.run` opened.
   * @returns how many notifications were written.
   */
  async notify(manager: EntityManager, notices: readonly AlertNotice[]): Promise<number> {
    if (notices.length === 0) return 0;
    const counts = await queryRows<{ event: string; count: number }>(
      manager,
      `WITH told AS (
         INSERT INTO notification (id, organization_id, user_id, alert_id, event, severity, title, message, created_at)
         SELECT vedette_uuidv7(), n.organization_id, m.user_id, n.alert_id, n.event, n.severity, n.title, n.message, n.occurred_at
         FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[])
           AS n (organization_id, alert_id, event, severity, title, message, occurred_at)
         JOIN membership m ON m.organization_id = n.organization_id AND m.is_active AND m.role = ANY ($8::text[])
         ON CONFLICT (organization_id, alert_id, event, user_id) WHERE alert_id IS NOT NULL DO NOTHING
         RETURNING event
       )
       SELECT event, count(*)::integer AS count FROM told GROUP BY event`,
      [
        notices.map(({ organizationId }) => organizationId),
        notices.map(({ alertId }) => alertId),
        notices.map(({ event }) => event),
        notices.map(({ severity }) => severity),
        notices.map(({ title }) => title),
        notices.map(({ message }) => message),
        notices.map(({ occurredAt }) => occurredAt),
        ALERT_AUDIENCE,
      ],
    );
    this.transactions.afterCommit(manager, () => {
      for (const { event, count } of counts) this.metrics.notified('in_app', 'sent', event, count);
    });
    return counts.reduce((sum, { count }) => sum + count, 0);
  }
}
