import { Column, Entity, PrimaryColumn } from 'typeorm';

/** One attempt at a delivery and what came of it. Goes with its delivery, by a trigger: a foreign key would look for the delivery of each attempt. */
@Entity('webhook_attempt')
export class WebhookAttempt {
  @PrimaryColumn({ type: 'uuid' })
  organizationId: string;

  @PrimaryColumn({ type: 'uuid' })
  deliveryId: string;

  /** From 1. A worker whose lease ran out makes the same one as its successor. */
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

  /** Where it went: the host, and as much of the path as may be shown. */
  @Column({ type: 'text', nullable: true })
  requestUrl: string | null;

  /** As sent; values that somebody keeps secret are left out. */
  @Column({ type: 'jsonb', nullable: true })
  requestHeaders: Record<string, string> | null;

  /** As sent, without keys; null where it is the delivery's own text. */
  @Column({ type: 'text', nullable: true })
  requestBody: string | null;

  /** The first 16 kB of the answer. */
  @Column({ type: 'text', nullable: true })
  responseBody: string | null;
}
