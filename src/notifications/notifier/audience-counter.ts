import { Injectable } from '@nestjs/common';
import type { Severity } from '../../common/alerting.js';
import { queryRows, type SqlRunner } from '../../database/index.js';
import { emailFilter, inAppFilter, isInAudience } from '../audience/audience-rules.js';
import { Mailer } from '../email/mailer.js';

/** How many people get an alert of a kind. */
export interface AudienceCounts {
  /** By any channel. */
  people: number;
  inApp: number;
  /** Immediately or in a digest. */
  byEmail: number;
}

/** Counts the people who would get an alert, by the rules that {@link AlertNotifier} applies. */
@Injectable()
export class AudienceCounter {
  constructor(private readonly mailer: Mailer) {}

  /** Reads the preferences as they are now. */
  async count(
    runner: SqlRunner,
    organizationId: string,
    kind: { severity: Severity; ruleType: string; notifyInApp: boolean },
  ): Promise<AudienceCounts> {
    const notice = { severity: '$2::text', ruleType: '$3::text' };
    const [counts] = await queryRows<AudienceCounts>(
      runner,
      `SELECT count(*) FILTER (WHERE in_app OR by_email)::integer AS people, count(*) FILTER (WHERE in_app)::integer AS "inApp",
         count(*) FILTER (WHERE by_email)::integer AS "byEmail"
       FROM (
         SELECT ${inAppFilter('p', notice, '$4::boolean')} IS NULL AS in_app, ${emailFilter('p', notice, '$5::boolean')} IS NULL AS by_email
         FROM membership m
         LEFT JOIN notification_preference p ON p.organization_id = m.organization_id AND p.user_id = m.user_id
         WHERE m.organization_id = $1 AND ${isInAudience('m', notice.severity)}
       ) person`,
      [organizationId, kind.severity, kind.ruleType, kind.notifyInApp, this.mailer.isConfigured],
    );
    return counts!;
  }
}
