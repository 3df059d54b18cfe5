import type { Role } from '../../common/access/index.js';
import { severityRank, type Severity } from '../../common/alerting.js';

/** The roles that get notices, each with the least severity that it gets. Roles that are not listed get none. */
const LEAST_SEVERITY: Partial<Record<Role, Severity>> = { admin: 'info', red_lead: 'info', blue_lead: 'info' };

/** Why a notice is not for a member at all. */
export type AudienceReason = 'inactive' | 'role';

/** Why a member's preferences keep a notice from them on every channel. */
export type PreferenceReason = 'min_severity' | 'rule_type';

/** Why a notice is not sent by e-mail to a member of the audience. */
export type EmailReason = PreferenceReason | 'turned_off' | 'no_mail_server';

/** SQL of the facts of a notice that the rules read. */
export interface NoticeSql {
  severity: string;
  /** NULL for a notice that is about no alert. */
  ruleType: string;
}

/**
 * SQL condition: the member belongs to the audience of a notice.
 * @param member alias of `membership`.
 * @param severity SQL of the severity of the notice.
 */
export function isInAudience(member: string, severity: string): string {
  return `(${member}.is_active AND ${hasAudienceRole(member, severity)})`;
}

/**
 * SQL of an {@link AudienceReason}; NULL for a member of the audience. The parameters are those of {@link
 * isInAudience}.
 */
export function audienceFilter(member: string, severity: string): string {
  return `CASE WHEN NOT ${member}.is_active THEN 'inactive' WHEN NOT ${hasAudienceRole(member, severity)} THEN 'role' END`;
}

/**
 * SQL of a {@link PreferenceReason}; NULL when the preferences let the notice through.
 * @param preference alias of `notification_preference`, left joined: a member without a row gets everything.
 */
export function preferenceFilter(preference: string, { severity, ruleType }: NoticeSql): string {
  return `CASE WHEN ${severityRank(severity)} > ${severityRank(`${preference}.min_severity`)} THEN 'min_severity'
    WHEN ${ruleType} <> ALL (${preference}.rule_types) THEN 'rule_type' END`;
}

/**
 * SQL of the reason why a notice does not appear in the app for a member of the audience; NULL when it does.
 * @param notifyInApp SQL of the rule's own setting, which comes before the preferences.
 */
export function inAppFilter(preference: string, notice: NoticeSql, notifyInApp: string): string {
  return `CASE WHEN NOT ${notifyInApp} THEN 'not_notified' ELSE coalesce(${preferenceFilter(preference, notice)},
    CASE WHEN NOT coalesce(${preference}.in_app, true) THEN 'channel_off' END) END`;
}

/**
 * SQL of an {@link EmailReason}; NULL when the notice is sent by e-mail to a member of the audience.
 * @param hasMailServer SQL of whether this deployment can send e-mail.
 */
export function emailFilter(preference: string, notice: NoticeSql, hasMailServer: string): string {
  return `CASE WHEN ${emailModeOf(preference)} = 'off' THEN 'turned_off' ELSE coalesce(${preferenceFilter(preference, notice)},
    CASE WHEN NOT ${hasMailServer} THEN 'no_mail_server' END) END`;
}

/** SQL of how a member gets e-mail. */
export function emailModeOf(preference: string): string {
  return `coalesce(${preference}.email, 'off')`;
}

function hasAudienceRole(member: string, severity: string): string {
  const roles = Object.entries(LEAST_SEVERITY).map(([role, least]) =>
    least === 'info'
      ? `${member}.role = '${role}'`
      : `(${member}.role = '${role}' AND ${severityRank(severity)} <= ${severityRank(`'${least}'`)})`,
  );
  return `(${roles.join(' OR ')})`;
}
