import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { WebhookEndpoint } from './webhook-endpoint.entity.js';

/** One event for one endpoint: outbox and queue in one row. */
@Entity('webhook_delivery')
@ForeignKey(() => WebhookEndpoint, ['organizationId', 'endpointId'], ['organizationId', 'id'], { onDelete: 'CASCADE' })
@Unique(['organizationId', 'id'])
@Unique(['eventId', 'endpointId'])
@Index('webhook_delivery_due_idx', { synchronize: false })
@Index('webhook_delivery_completed_idx', { synchronize: false })
@Index('webhook_delivery_endpoint_idx', ['organizationId', 'endpointId', 'createdAt', 'id'])
@Check('webhook_delivery_status_check', `status IN ('pending', 'delivered', 'failed')`)
export class WebhookDelivery {
  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  organizationId: string;

  @Column({ type: 'uuid' })
  endpointId: string;

  @Column({ type: 'uuid' })
  eventId: string;

  @Column({ type: 'text' })
  eventType: string;

  @Column({ type: 'uuid', nullable: true })
  alertId: string | null;

  /** The exact bytes that are signed and sent. */
  @Column({ type: 'text' })
  body: string;

  @Column({ type: 'text', default: 'pending' })
  status: 'pending' | 'delivered' | 'failed';

  @Column({ type: 'integer', default: 0 })
  attemptCount: number;

  @Column({ type: 'timestamptz' })
  nextAttemptAt: Date;

  /** The fencing token of the worker that holds the row's lease. */
  @Column({ type: 'uuid', nullable: true })
  lockToken: string | null;

  @Column({ type: 'timestamptz', nullable: true })
  lockedUntil: Date | null;

  @Column({ type: 'integer', nullable: true })
  lastStatusCode: number | null;

  @Column({ type: 'text', nullable: true })
  lastError: string | null;

  @Column({ type: 'timestamptz' })
  createdAt: Date;

  @Column({ type: 'timestamptz', nullable: true })
  completedAt: Date | null;
}
