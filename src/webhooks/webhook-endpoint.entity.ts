import { Column, Entity, ForeignKey, PrimaryColumn, Unique } from 'typeorm';

/** Where an organisation wants its events sent. */
@Entity('webhook_endpoint')
@ForeignKey('Organization', ['organizationId'], ['id'], { onDelete: 'CASCADE' })
@Unique(['organizationId', 'id'])
export class WebhookEndpoint {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'text' })
  name: string;

  @Column({ type: 'text' })
  url: string;

  @Column({ type: 'text', array: true })
  events: string[];

  @Column({ type: 'text' })
  format: string;

  @Column({ type: 'boolean', default: true })
  isEnabled: boolean;

  /** The signing secret, sealed for this row. */
  @Column({ type: 'text' })
  secretCiphertext: string;

  @Column({ type: 'uuid', nullable: true })
  createdBy: string | null;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  createdAt: Date;

  @Column({ type: 'timestamptz', default: () => 'now()' })
  updatedAt: Date;
}
