import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { Severity } from '../../common/alerting.js';
import type { EmailMode } from '../email/email-mode.js';

/** The notification preferences of one member. A member without a row gets every notice in the app. */
@Entity('notification_preference')
@ForeignKey('Membership', ['organizationId', 'userId'], ['organizationId', 'userId'], { onDelete: 'CASCADE' })
@Index('notification_preference_digest_due_at_idx', ['digestDueAt'])
@Check('notification_preference_min_severity_check', `min_severity IN ('critical', 'high', 'medium', 'low', 'info')`)
@Check('notification_preference_email_check', `email IN ('off', 'immediate', 'daily_digest')`)
@Check('notification_preference_digest_hour_check', `digest_hour BETWEEN 0 AND 23`)
export class NotificationPreference {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  userId: string;

  @Column({ type: 'text' })
  minSeverity: Severity;

  /** Null for every type. */
  @Column({ type: 'text', array: true, nullable: true })
  ruleTypes: string[] | null;

  @Column({ type: 'boolean' })
  inApp: boolean;

  @Column({ type: 'text' })
  email: EmailMode;

  /** The hour of the day, in `timeZone`. */
  @Column({ type: 'integer' })
  digestHour: number;

  /** An IANA time zone. */
  @Column({ type: 'text' })
  timeZone: string;

  /** `HH:MM` in `timeZone`. Both times are set, or neither. */
  @Column({ type: 'text', nullable: true })
  quietFrom: string | null;

  @Column({ type: 'text', nullable: true })
  quietUntil: string | null;

  /** When the next digest is made. */
  @Column({ type: 'timestamptz' })
  digestDueAt: Date;

  @Column({ type: 'timestamptz' })
  updatedAt: Date;
}
