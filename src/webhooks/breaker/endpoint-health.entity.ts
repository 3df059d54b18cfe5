import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { WebhookEndpoint } from '../endpoints/webhook-endpoint.entity.js';
import type { MinuteSample } from './endpoint-health.js';

/** How an endpoint has been doing, as all replicas see it. An endpoint without such a row has never been tried. */
@Entity('webhook_endpoint_health')
@ForeignKey(() => WebhookEndpoint, ['organizationId', 'endpointId'], ['organizationId', 'id'], { onDelete: 'CASCADE' })
@Check('webhook_endpoint_health_breaker_check', `breaker IN ('closed', 'open')`)
export class WebhookEndpointHealth {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  endpointId: string;

  /** What came of the attempts of the last minutes. */
  @Column({ type: 'jsonb', default: [] })
  samples: MinuteSample[];

  @Column({ type: 'text', default: 'closed' })
  breaker: 'closed' | 'open';

  /** How often in a row the breaker has opened: each time for longer. */
  @Column({ type: 'integer', default: 0 })
  openings: number;

  /** From then on one delivery is sent to see. */
  @Column({ type: 'timestamptz', nullable: true })
  openUntil: Date | null;

  /** Until then that one delivery belongs to a worker. */
  @Column({ type: 'timestamptz', nullable: true })
  probeUntil: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  pausedUntil: Date | null;

  @Column({ type: 'integer', default: 0 })
  consecutiveFailures: number;

  /** The first failure since the latest success. */
  @Column({ type: 'timestamptz', nullable: true })
  failingSince: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  lastSuccessAt: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  lastFailureAt: Date | null;

  @Column({ type: 'text', nullable: true })
  lastError: string | null;

  /** From when on deliveries were lost to a time of illness that disabled the endpoint. */
  @Column({ type: 'timestamptz', nullable: true })
  recoverSince: Date | null;
}
