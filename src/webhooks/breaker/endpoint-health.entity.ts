import { Check, Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { WebhookEndpoint } from '../endpoints/webhook-endpoint.entity.js';
import type { MinuteSample } from './endpoint-health.js';

/** The health of an endpoint, shared by all replicas. An endpoint without a row has had no attempt yet. */
@Entity('webhook_endpoint_health')
@ForeignKey(() => WebhookEndpoint, ['organizationId', 'endpointId'], ['organizationId', 'id'], { onDelete: 'CASCADE' })
@Check('webhook_endpoint_health_breaker_check', `breaker IN ('closed', 'open')`)
export class WebhookEndpointHealth {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  endpointId: string;

  /** The results of attempts in the last minutes. */
  @Column({ type: 'jsonb', default: [] })
  samples: MinuteSample[];

  @Column({ type: 'text', default: 'closed' })
  breaker: 'closed' | 'open';

  /** How many times in a row the breaker opened. Each time lasts longer. */
  @Column({ type: 'integer', default: 0 })
  openings: number;

  /** After this time, one delivery is sent as a probe. */
  @Column({ type: 'timestamptz', nullable: true })
  openUntil: Date | null;

  /** Until this time, one worker owns the probe. */
  @Column({ type: 'timestamptz', nullable: true })
  probeUntil: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  pausedUntil: Date | null;

  @Column({ type: 'integer', default: 0 })
  consecutiveFailures: number;

  /** The time of the first failure since the latest success. */
  @Column({ type: 'timestamptz', nullable: true })
  failingSince: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  lastSuccessAt: Date | null;

  @Column({ type: 'timestamptz', nullable: true })
  lastFailureAt: Date | null;

  @Column({ type: 'text', nullable: true })
  lastError: string | null;

  /** The start of the failures that disabled the endpoint. Deliveries since then can be recovered. */
  @Column({ type: 'timestamptz', nullable: true })
  recoverSince: Date | null;
}
