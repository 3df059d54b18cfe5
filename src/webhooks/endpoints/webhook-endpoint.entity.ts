import { Check, Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';
import type { Severity } from '../../common/alerting.js';

/** Where an organisation wants its events sent. */
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

  /** Sealed for this row: the address of a chat channel is a credential. */
  @Column({ type: 'text' })
  url: string;

  @Column({ type: 'text', array: true })
  events: string[];

  /** Null: of any severity. */
  @Column({ type: 'text', nullable: true })
  minSeverity: Severity | null;

  /** Empty: of any type of rule. */
  @Column({ type: 'text', array: true, default: () => "'{}'" })
  ruleTypes: string[];

  /** Whether the events of one alert are sent one after the other. */
  @Column({ type: 'boolean', default: false })
  isOrdered: boolean;

  @Column({ type: 'text' })
  format: string;

  @Column({ type: 'boolean', default: true })
  isEnabled: boolean;

  /** Why it was disabled, where nobody did: it said that it is gone, or nothing but failure came of it for days. */
  @Column({ type: 'text', nullable: true })
  disabledReason: 'gone' | 'failing' | null;

  /** Names of the headers that go along with every request; the values are sealed. */
  @Column({ type: 'text', array: true, default: () => "'{}'" })
  headerNames: string[];

  /** JSON of name and value, sealed for this row. */
  @Column({ type: 'text', nullable: true })
  headersCiphertext: string | null;

  /** Names of the format's settings that are set; the values are sealed. */
  @Column({ type: 'text', array: true, default: () => "'{}'" })
  settingNames: string[];

  /** JSON of name and value, sealed for this row. */
  @Column({ type: 'text', nullable: true })
  settingsCiphertext: string | null;

  /** The signing secret, sealed for this row. */
  @Column({ type: 'text' })
  secretCiphertext: string;

  /** The signing secret before it was rotated, which signs too for a while. */
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
