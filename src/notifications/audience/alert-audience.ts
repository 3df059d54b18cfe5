import { Injectable } from '@nestjs/common';
import { ALERT_AUDIENCE } from '../../common/access/index.js';
import { SEVERITIES, type Severity } from '../../common/alerting.js';
import { queryRows, type SqlRunner } from '../../database/index.js';
import { leftOut } from '../email/left-out.js';
import { Mailer } from '../email/mailer.js';

/** How many people an alert of a kind is told to. */
export interface Audience {
  /** By any channel. */
  people: number;
  inApp: number;
  /** At once or in a digest. */
  byEmail: number;
}

/** Tells who would be told of an alert, by the same rules by which {@link AlertNotifier} tells them. */
@Injectable()
export class AlertAudience {
  constructor(private readonly mailer: Mailer) {}

  /** By what people prefer now. */
  async of(
    runner: SqlRunner,
    organizationId: string,
    kind: { severity: Severity; ruleType: string; notifyInApp: boolean },
  ): Promise<Audience> {
    const [audience] = await queryRows<Audience>(
      runner,
      `SELECT count(*) FILTER (WHERE in_app OR by_email)::integer AS people, count(*) FILTER (WHERE in_app)::integer AS "inApp",
         count(*) FILTER (WHERE by_email)::integer AS "byEmail"
       FROM (
         SELECT coalesce(p.in_app, true) AND $7 AS in_app, coalesce(p.email, 'off') <> 'off' AND $6 AS by_email
         FROM membership m
         LEFT JOIN notification_preference p ON p.organization_id = m.organization_id AND p.user_id = m.user_id
         WHERE m.organization_id = $1 AND m.is_active AND m.role = ANY ($2::text[])
           AND ${leftOut('$5', { severity: '$3', ruleType: '$4' })} IS NULL
       ) told`,
      [
        organizationId,
        ALERT_AUDIENCE,
        kind.severity,
        kind.ruleType,
        SEVERITIES,
        this.mailer.isConfigured,
        kind.notifyInApp,
      ],
    );
    return audience!;
  }
}
