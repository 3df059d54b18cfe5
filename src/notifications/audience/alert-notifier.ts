import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { ALERT_AUDIENCE } from '../../common/access/index.js';
import { SEVERITIES, type Severity } from '../../common/alerting.js';
import { queryRows, Transactions } from '../../database/index.js';
import { Metrics } from '../../metrics/index.js';
import { EmailWorker } from '../email/email-worker.js';
import { leftOut } from '../email/left-out.js';
import { Mailer } from '../email/mailer.js';
import { NotificationStream } from '../stream/notification-stream.js';

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
  /** False for an alert of a rule that does not notify in the app. It speaks of that channel alone: by e-mail people are told as they prefer. */
  notifyInApp?: boolean;
}

/**
 * Every member of the audience meets every notice once, and what they prefer decides what comes of it by each channel: a notification, an e-mail (at once, or
 * when their digest is made), or a note of why there is none. A channel that a person never asked for needs no note. What a rule says of the app comes before
 * what they prefer.
 */
const TELL = `
  WITH audience AS MATERIALIZED (
    SELECT n.*, m.user_id, coalesce(p.in_app, true) AS prefers_in_app, coalesce(p.email, 'off') AS email,
      ${leftOut('$9')} AS left_out
    FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $11::boolean[])
      AS n (organization_id, alert_id, event, severity, title, message, occurred_at, notify_in_app)
    JOIN membership m ON m.organization_id = n.organization_id AND m.is_active AND m.role = ANY ($8::text[])
    LEFT JOIN notification_preference p ON p.organization_id = m.organization_id AND p.user_id = m.user_id
    LEFT JOIN alert_instance a ON a.organization_id = n.organization_id AND a.id = n.alert_id
  ), told AS (
    INSERT INTO notification (id, organization_id, user_id, alert_id, event, severity, title, message, created_at)
    SELECT vedette_uuidv7(), organization_id, user_id, alert_id, event, severity, title, message, occurred_at
    FROM audience WHERE left_out IS NULL AND notify_in_app AND prefers_in_app
    ON CONFLICT (organization_id, alert_id, event, user_id) WHERE alert_id IS NOT NULL DO NOTHING
    RETURNING event
  ), mailed AS (
    INSERT INTO email_notice (id, organization_id, user_id, delivery_id, alert_id, event, severity, title, message, created_at)
    SELECT vedette_uuidv7(), organization_id, user_id, CASE WHEN email = 'immediate' THEN vedette_uuidv7() END, alert_id, event, severity, title, message,
      occurred_at
    FROM audience WHERE left_out IS NULL AND email <> 'off' AND $10
    ON CONFLICT (organization_id, alert_id, event, user_id) WHERE alert_id IS NOT NULL DO NOTHING
    RETURNING organization_id, user_id, delivery_id, created_at
  ), outbox AS (
    INSERT INTO email_delivery (id, organization_id, user_id, kind, next_attempt_at, created_at)
    SELECT delivery_id, organization_id, user_id, 'immediate', created_at, created_at FROM mailed WHERE delivery_id IS NOT NULL
    RETURNING 1
  ), skip AS MATERIALIZED (
    SELECT a.organization_id, a.alert_id, a.event, a.user_id, c.channel, c.reason, a.occurred_at
    FROM audience a CROSS JOIN LATERAL (VALUES
      ('in_app', CASE WHEN NOT a.notify_in_app THEN 'not_notified' ELSE coalesce(a.left_out, CASE WHEN NOT a.prefers_in_app THEN 'channel_off' END) END),
      ('email', CASE WHEN a.email <> 'off' THEN coalesce(a.left_out, CASE WHEN NOT $10 THEN 'no_mail_server' END) END)
    ) AS c (channel, reason)
    WHERE c.reason IS NOT NULL
  ), noted AS (
    INSERT INTO notification_skip (organization_id, alert_id, event, user_id, channel, reason, created_at)
    SELECT * FROM skip WHERE alert_id IS NOT NULL ON CONFLICT DO NOTHING
  )
  SELECT 'told' AS what, event AS word, count(*)::integer AS count FROM told GROUP BY event
  UNION ALL SELECT 'mailed', 'immediate', count(*)::integer FROM outbox
  UNION ALL SELECT 'skipped', reason, count(*)::integer FROM skip GROUP BY reason`;

/** Tells those who are told of alerts, in the transaction of what they are told about. */
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
   * Tells every active admin and lead of each notice's organisation, as they prefer it; of an alert once a person, event and channel.
   * @param manager of a transaction that `Transactions.run` opened.
   * @returns how many notifications were written.
   */
  async notify(manager: EntityManager, notices: readonly AlertNotice[]): Promise<number> {
    if (notices.length === 0) return 0;
    const rows = await queryRows<{ what: 'told' | 'mailed' | 'skipped'; word: string; count: number }>(manager, TELL, [
      notices.map(({ organizationId }) => organizationId),
      notices.map(({ alertId }) => alertId),
      notices.map(({ event }) => event),
      notices.map(({ severity }) => severity),
      notices.map(({ title }) => title),
      notices.map(({ message }) => message),
      notices.map(({ occurredAt }) => occurredAt),
      ALERT_AUDIENCE,
      SEVERITIES,
      this.mailer.isConfigured,
      notices.map(({ notifyInApp = true }) => notifyInApp),
    ]);
    const told = rows.filter(({ what }) => what === 'told');
    this.transactions.afterCommit(manager, () => {
      for (const { word, count } of told) this.metrics.notified('in_app', 'sent', word, count);
      for (const { what, word, count } of rows) if (what === 'skipped') this.metrics.suppressedFor(word, count);
      if (told.length > 0) this.stream.wake();
      if (rows.some(({ what, count }) => what === 'mailed' && count > 0)) this.emailWorker.wake();
    });
    return told.reduce((sum, { count }) => sum + count, 0);
  }
}
