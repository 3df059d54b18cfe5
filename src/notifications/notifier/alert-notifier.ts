import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Severity } from '../../common/alerting.js';
import { queryRows, Transactions } from '../../database/index.js';
import { Metrics } from '../../metrics/index.js';
import { emailFilter, emailModeOf, inAppFilter, isInAudience } from '../audience/audience-rules.js';
import { EmailWorker } from '../email/email-worker.js';
import { Mailer } from '../email/mailer.js';
import { NotificationStream } from '../stream/notification-stream.js';

/** A message to the audience of an organisation. */
export interface AlertNotice {
  organizationId: string;
  /** The alert that the notice is about; null for a notice about a rule or a webhook. */
  alertId: string | null;
  event: 'alert.fired' | 'rule.failing' | 'webhook.failing' | 'webhook.disabled';
  severity: Severity;
  title: string;
  message: string;
  occurredAt: Date;
  /** False for an alert of a rule that does not notify in the app. E-mail follows the preferences of each person. */
  notifyInApp?: boolean;
}

const NOTICE = { severity: 'n.severity', ruleType: 'a.rule_type' };

/**
 * Joins every notice with every member of its audience. Each channel then gets a row to send, or a note of the reason
 * why nothing is sent. A member who never turned e-mail on gets no such note.
 */
const NOTIFY = `
  WITH audience AS MATERIALIZED (
    SELECT n.*, m.user_id, ${emailModeOf('p')} AS email_mode, ${inAppFilter('p', NOTICE, 'n.notify_in_app')} AS in_app_reason,
      ${emailFilter('p', NOTICE, '$8::boolean')} AS email_reason
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $9::boolean[])
      AS n (organization_id, alert_id, event, severity, title, message, occurred_at, notify_in_app)
    JOIN membership m ON m.organization_id = n.organization_id AND ${isInAudience('m', NOTICE.severity)}
    LEFT JOIN notification_preference p ON p.organization_id = m.organization_id AND p.user_id = m.user_id
    LEFT JOIN alert_instance a ON a.organization_id = n.organization_id AND a.id = n.alert_id
  ), notified AS (
    INSERT INTO notification (id, organization_id, user_id, alert_id, event, severity, title, message, created_at)
    SELECT vedette_uuidv7(), organization_id, user_id, alert_id, event, severity, title, message, occurred_at
    FROM audience WHERE in_app_reason IS NULL
    ON CONFLICT (organization_id, alert_id, event, user_id) WHERE alert_id IS NOT NULL DO NOTHING
    RETURNING event
  ), mailed AS (
    INSERT INTO email_notice (id, organization_id, user_id, delivery_id, alert_id, event, severity, title, message, created_at)
    SELECT vedette_uuidv7(), organization_id, user_id, CASE WHEN email_mode = 'immediate' THEN vedette_uuidv7() END, alert_id, event, severity,
      title, message, occurred_at
    FROM audience WHERE email_reason IS NULL
    ON CONFLICT (organization_id, alert_id, event, user_id) WHERE alert_id IS NOT NULL DO NOTHING
    RETURNING organization_id, user_id, delivery_id, created_at
  ), outbox AS (
    INSERT INTO email_delivery (id, organization_id, user_id, kind, next_attempt_at, created_at)
    SELECT delivery_id, organization_id, user_id, 'immediate', created_at, created_at FROM mailed WHERE delivery_id IS NOT NULL
    RETURNING 1
  ), skip AS MATERIALIZED (
    SELECT a.organization_id, a.alert_id, a.event, a.user_id, c.channel, c.reason, a.occurred_at
    FROM audience a CROSS JOIN LATERAL (VALUES ('in_app', a.in_app_reason), ('email', a.email_reason)) AS c (channel, reason)
    WHERE c.reason <> 'turned_off'
  ), noted AS (
    INSERT INTO notification_skip (organization_id, alert_id, event, user_id, channel, reason, created_at)
    SELECT * FROM skip WHERE alert_id IS NOT NULL ON CONFLICT DO NOTHING
  )
  SELECT 'notified' AS kind, event AS label, count(*)::integer AS count FROM notified GROUP BY event
  UNION ALL SELECT 'mailed', 'immediate', count(*)::integer FROM outbox
  UNION ALL SELECT 'skipped', reason, count(*)::integer FROM skip GROUP BY reason`;

/** Writes notifications and e-mail in the transaction of the event that they are about. */
@Injectable()
export class AlertNotifier {
  constructor(
    private readonly transactions: Transactions,
    private readonly metrics: Metrics,
    private readonly stream: NotificationStream,
    private readonly emailWorker: EmailWorker,
    private readonly mailer: Mailer,
  ) {}

  /**
   * Notifies the audience of each notice by the channels that each member prefers. A member gets an event of an alert
   * once.
   * @param manager of a transaction that `Transactions.run` opened.
   * @returns the number of notifications that were written.
   */
  async notify(manager: EntityManager, notices: readonly AlertNotice[]): Promise<number> {
    if (notices.length === 0) return 0;
    type Count = { kind: 'notified' | 'mailed' | 'skipped'; label: string; count: number };
    const counts = await queryRows<Count>(manager, NOTIFY, [
      notices.map(({ organizationId }) => organizationId),
      notices.map(({ alertId }) => alertId),
      notices.map(({ event }) => event),
      notices.map(({ severity }) => severity),
      notices.map(({ title }) => title),
      notices.map(({ message }) => message),
      notices.map(({ occurredAt }) => occurredAt),
      this.mailer.isConfigured,
      notices.map(({ notifyInApp = true }) => notifyInApp),
    ]);
    const notified = counts.filter(({ kind }) => kind === 'notified');
    this.transactions.afterCommit(manager, () => {
      for (const { label, count } of notified) this.metrics.notified('in_app', 'sent', label, count);
      for (const { kind, label, count } of counts) if (kind === 'skipped') this.metrics.suppressedFor(label, count);
      if (notified.length > 0) this.stream.wake();
      if (counts.some(({ kind, count }) => kind === 'mailed' && count > 0)) this.emailWorker.wake();
    });
    return notified.reduce((sum, { count }) => sum + count, 0);
  }
}
