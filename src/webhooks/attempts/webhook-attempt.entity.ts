import { Column, Entity, PrimaryColumn } from 'typeorm';

/**
 * One attempt at a delivery and its outcome. A trigger deletes it with its delivery, because a foreign key would cost a
 * look-up for each attempt.
 */
@Entity('webhook_attempt')
export class WebhookAttempt {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  deliveryId: string;

  /** From 1. Two workers can make the same attempt if the first one's lease ran out. */
  @PrimaryColumn({ type: 'integer' })
  attempt: number;

  @PrimaryColumn({ type: 'uuid' })
  id: string;

  @Column({ type: 'timestamptz' })
  startedAt: Date;

  @Column({ type: 'double precision' })
  durationMs: number;

  @Column({ type: 'integer', nullable: true })
  statusCode: number | null;

  @Column({ type: 'text', nullable: true })
  error: string | null;

  /** The URL without the parts that may be a credential. */
  @Column({ type: 'text', nullable: true })
  requestUrl: string | null;

  /** As sent, with secret values redacted. */
  @Column({ type: 'jsonb', nullable: true })
  requestHeaders: Record<string, string> | null;

  /** As sent, with keys redacted; null if it is the stored body of the event. */
  @Column({ type: 'text', nullable: true })
  requestBody: string | null;

  /** The first 16 kB of the answer. */
  @Column({ type: 'text', nullable: true })
  responseBody: string | null;
}
