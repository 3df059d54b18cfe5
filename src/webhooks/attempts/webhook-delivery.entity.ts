import { Check, Column, Entity, ForeignKey, Index, PrimaryColumn, Unique } from 'typeorm';
import { WebhookEndpoint } from '../endpoints/webhook-endpoint.entity.js';
import type { DeliveryStatus, HeldReason } from './webhook-delivery-status.js';
import { WebhookEvent } from './webhook-event.entity.js';

/** One event for one endpoint: outbox and queue in one small row. The text to send is in the event. */
@Entity('webhook_delivery')
@ForeignKey(() => WebhookEndpoint, ['organizationId', 'endpointId'], ['organizationId', 'id'], { onDelete: 'CASCADE' })
@ForeignKey(() => WebhookEvent, ['organizationId', 'eventId'], ['organizationId', 'id'], { onDelete: 'CASCADE' })
@Unique(['eventId', 'endpointId'])
@Index('webhook_delivery_due_idx', { synchronize: false })
@Index('webhook_delivery_failed_idx', { synchronize: false })
@Index('webhook_delivery_endpoint_idx', ['organizationId', 'endpointId', 'createdAt', 'id'])
@Index('webhook_delivery_order_idx', { synchronize: false })
@Index('webhook_delivery_held_idx', { synchronize: false })
@Index('webhook_delivery_alert_idx', { synchronize: false })
@Index('webhook_delivery_log_idx', ['organizationId', 'createdAt', 'id'])
@Check('webhook_delivery_status_check', `status IN ('pending', 'delivered', 'failed', 'missed', 'skipped')`)
export class WebhookDelivery {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'uuid' })
  endpointId: string;

  @Column({ type: 'uuid' })
  eventId: string;

  @Column({ type: 'text' })
  eventType: string;

  @Column({ type: 'uuid', nullable: true })
  alertId: string | null;

  /** The position of the event among the events of its alert, from 1. */
  @Column({ type: 'integer', nullable: true })
  sequence: number | null;

  @Column({ type: 'text', default: 'pending' })
  status: DeliveryStatus;

  @Column({ type: 'integer', default: 0 })
  attemptCount: number;

  /**
   * The part of `attemptCount` from before the latest replay. A replay starts the retry schedule from the beginning.
   */
  @Column({ type: 'integer', default: 0 })
  attemptsBefore: number;

  @Column({ type: 'timestamptz' })
  nextAttemptAt: Date;

  /** Why it is not sent although it is due. Waiting does not count as an attempt. */
  @Column({ type: 'text', nullable: true })
  heldReason: HeldReason | null;

  /** The latest replay that includes it. */
  @Column({ type: 'uuid', nullable: true })
  replayId: string | null;

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
