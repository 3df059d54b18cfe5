import { Inject, Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import type { Severity } from '../../common/alerting.js';
import { Clock } from '../../common/clock.js';
import { invalidInput, type FieldError } from '../../common/errors/index.js';
import { KNOWN_RULE_TYPES, ruleTypeProblems } from '../../common/rule-types.js';
import { queryRows } from '../../database/index.js';
import { type EmailMode } from '../email/email-mode.js';
import { isTimeZone, nextAt } from '../email/local-time.js';
import { Mailer } from '../email/mailer.js';
import { NotificationPreference } from './notification-preference.entity.js';

export interface Preferences {
  minSeverity: Severity;
  /** Null for every type. */
  ruleTypes: string[] | null;
  inApp: boolean;
  email: EmailMode;
  digestHour: number;
  timeZone: string;
  /** `HH:MM`, in the time zone. */
  quietHours: { from: string; until: string } | null;
}

/** The preferences of a member without a row. */
export const DEFAULT_PREFERENCES: Preferences = {
  minSeverity: 'info',
  ruleTypes: null,
  inApp: true,
  email: 'off',
  digestHour: 8,
  timeZone: 'UTC',
  quietHours: null,
};

/** Reads and writes the notification preferences of members. */
@Injectable()
export class PreferencesService {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
    private readonly mailer: Mailer,
    @Inject(KNOWN_RULE_TYPES) private readonly knownRuleTypes: readonly string[],
  ) {}

  get isEmailAvailable(): boolean {
    return this.mailer.isConfigured;
  }

  async get(organizationId: string, userId: string): Promise<Preferences> {
    const row = await this.dataSource.getRepository(NotificationPreference).findOneBy({ organizationId, userId });
    if (!row) return DEFAULT_PREFERENCES;
    const { minSeverity, ruleTypes, inApp, email, digestHour, timeZone, quietFrom, quietUntil } = row;
    const quietHours = quietFrom !== null && quietUntil !== null ? { from: quietFrom, until: quietUntil } : null;
    return { minSeverity, ruleTypes, inApp, email, digestHour, timeZone, quietHours };
  }

  /**
   * Replaces all preferences of the member. Notices that wait for a digest come with the next one. E-mail that waits
   * for quiet hours is due at once, and is checked against the new preferences.
   */
  async put(organizationId: string, userId: string, wanted: Preferences): Promise<Preferences> {
    this.check(wanted);
    const now = this.clock.now();
    const { minSeverity, ruleTypes, inApp, email, digestHour, timeZone, quietHours } = wanted;
    await queryRows(
      this.dataSource,
      `WITH released AS (
         UPDATE email_delivery SET next_attempt_at = $12, held_for = NULL
         WHERE organization_id = $1 AND user_id = $2 AND status = 'pending' AND held_for = 'quiet_hours'
       )
       INSERT INTO notification_preference (organization_id, user_id, min_severity, rule_types, in_app, email, digest_hour, time_zone, quiet_from, quiet_until,
         digest_due_at, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
       ON CONFLICT (organization_id, user_id) DO UPDATE SET min_severity = excluded.min_severity, rule_types = excluded.rule_types, in_app = excluded.in_app,
         email = excluded.email, digest_hour = excluded.digest_hour, time_zone = excluded.time_zone, quiet_from = excluded.quiet_from,
         quiet_until = excluded.quiet_until, digest_due_at = excluded.digest_due_at, updated_at = excluded.updated_at`,
      [
        organizationId,
        userId,
        minSeverity,
        ruleTypes && [...new Set(ruleTypes)],
        inApp,
        email,
        digestHour,
        timeZone,
        quietHours?.from ?? null,
        quietHours?.until ?? null,
        nextAt(now, digestHour * 60, timeZone),
        now,
      ],
    );
    return this.get(organizationId, userId);
  }

  private check({ ruleTypes, email, timeZone, quietHours }: Preferences): void {
    const faults: FieldError[] = ruleTypeProblems(ruleTypes ?? [], this.knownRuleTypes);
    if (!isTimeZone(timeZone)) {
      faults.push({ field: 'time_zone', message: 'must be an IANA time zone such as Europe/Paris' });
    }
    if (quietHours && quietHours.from === quietHours.until) {
      faults.push({ field: 'quiet_hours.until', message: 'must differ from quiet_hours.from' });
    }
    if (email !== 'off' && !this.isEmailAvailable) {
      faults.push({ field: 'email', message: 'must be off: this deployment has no mail server (VEDETTE_SMTP_URL)' });
    }
    if (faults.length > 0) throw invalidInput(faults);
  }
}
