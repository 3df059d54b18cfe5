import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { Severity } from '../../common/alerting.js';

/** A receiver of an organisation's events. */
@Entity('webhook_endpoint')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Unique(['organizationId', 'id'])
@Check('webhook_endpoint_min_severity_check', `min_severity IN ('critical', 'high', 'medium', 'low', 'info')`)
@Check('webhook_endpoint_disabled_reason_check', `disabled_reason IN ('gone', 'failing')`)
export class WebhookEndpoint {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'text' })
  name: string;

  /** Encrypted for this row, because the address of a chat channel is a credential. */
  @Column({ type: 'text' })
  url: string;

  @Column({ type: 'text', array: true })
  events: string[];

  /** Null: any severity. */
  @Column({ type: 'text', nullable: true })
  minSeverity: Severity | null;

  /** Empty: any rule type. */
  @Column({ type: 'text', array: true, default: () => "'{}'" })
  ruleTypes: string[];

  /** Whether the events of one alert are sent strictly one after the other. */
  @Column({ type: 'boolean', default: false })
  isOrdered: boolean;

  @Column({ type: 'text' })
  format: string;

  @Column({ type: 'boolean', default: true })
  isEnabled: boolean;

  /** Why Vedette disabled it: it answered 410, or all attempts failed for days. Null otherwise. */
  @Column({ type: 'text', nullable: true })
  disabledReason: 'gone' | 'failing' | null;

  /** Names of the extra headers of every request. The values are encrypted. */
  @Column({ type: 'text', array: true, default: () => "'{}'" })
  headerNames: string[];

  /** JSON of names and values, encrypted for this row. */
  @Column({ type: 'text', nullable: true })
  headersCiphertext: string | null;

  /** Names of the format's settings that have a value. The values are encrypted. */
  @Column({ type: 'text', array: true, default: () => "'{}'" })
  settingNames: string[];

  /** JSON of names and values, encrypted for this row. */
  @Column({ type: 'text', nullable: true })
  settingsCiphertext: string | null;

  /** The signing secret, encrypted for this row. */
  @Column({ type: 'text' })
  secretCiphertext: string;

  /** The signing secret before the latest rotation. It also signs until `previousSecretUntil`. */
  @Column({ type: 'text', nullable: true })
  previousSecretCiphertext: string | null;

  @Column({ type: 'timestamptz', nullable: true })
  previousSecretUntil: Date | null;

  @Column({ type: 'uuid', nullable: true })
  createdBy: string | null;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;
}
