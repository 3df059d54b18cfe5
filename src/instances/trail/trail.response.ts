import { ApiProperty } from '@nestjs/swagger';
import { TRAIL_CHANNELS, TRAIL_OUTCOMES, type TrailEntry } from './trail.service.js';

/** What one channel did with an alert for one person or endpoint. */
export class TrailEntryResponse {
  @ApiProperty({ enum: TRAIL_CHANNELS })
  channel: TrailEntry['channel'];
  /** The event, such as `alert.fired`. */
  event: string;
  @ApiProperty({ enum: TRAIL_OUTCOMES })
  outcome: TrailEntry['outcome'];
  /**
   * Why nothing was sent, or not yet; null for what was sent.
   *
   * - By preference or rule: `not_notified` (the rule does not notify in the app), `min_severity`, `rule_type`,
   *   `channel_off`, `turned_off`.
   * - People outside the audience: `inactive`, `role`, `joined_later`. E-mail uses the facts at the time of sending,
   *   the app those of now.
   * - Waiting: `quiet_hours`, `digest`, `queued`, `retrying`, `endpoint_held` (paused, or held by its circuit breaker).
   * - Ended: `gave_up`, `no_mail_server`, `alerts_gone`, `nothing_to_say` (the format has nothing for the event),
   *   `endpoint_disabled`.
   * - Endpoints without a delivery, by the facts of now: `not_subscribed`, `min_severity`, `rule_type`, `added_later`.
   * - `not_recorded`: the record was removed for its age, or the person or endpoint was changed since.
   */
  @ApiProperty({ type: String, nullable: true })
  reason: string | null;
  /** Null for an endpoint. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  user_id: string | null;
  /** Null for a person. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  endpoint_id: string | null;
  /** The name of the person or the endpoint. */
  name: string;
  /** When the outcome was reached; while it waits, when it was queued. */
  @ApiProperty({ format: 'date-time' })
  at: string;
  /** When the next attempt is due; null when there is none. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  next_attempt_at: string | null;
  @ApiProperty({ type: 'integer', nullable: true })
  attempts: number | null;
  /** The last answer of the receiver or the mail server. */
  @ApiProperty({ type: 'integer', nullable: true })
  status_code: number | null;
  /** The error of the last attempt. */
  @ApiProperty({ type: String, nullable: true })
  error: string | null;
  /** When the person read it in the app. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  read_at: string | null;
}

export class TrailResponse {
  items: TrailEntryResponse[];
}
