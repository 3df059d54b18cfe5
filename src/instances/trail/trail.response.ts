import { ApiProperty } from '@nestjs/swagger';
import { TRAIL_CHANNELS, TRAIL_OUTCOMES, type TrailEntry } from './trail.service.js';

/** One person or endpoint, and one channel. */
export class TrailEntryResponse {
  @ApiProperty({ enum: TRAIL_CHANNELS })
  channel: TrailEntry['channel'];
  /** What happened, such as `alert.fired`. */
  event: string;
  @ApiProperty({ enum: TRAIL_OUTCOMES })
  outcome: TrailEntry['outcome'];
  /**
   * Why they were not told, or not yet: `not_notified` (the rule does not notify in the app); `min_severity`, `rule_type`, `channel_off`, `no_mail_server`,
   * `turned_off`, `alerts_gone` (what was preferred; of e-mail, by the time it was to be sent); `inactive`, `role` (of e-mail, by the time it was to be sent; else as
   * things stand now); `joined_later`, `not_recorded` (as things stand now: the person is told of alerts only since, or the notification was removed for its age);
   * `quiet_hours`, `digest`, `queued`, `retrying`, `endpoint_held` (paused, or left alone by its breaker) (waiting); `gave_up`; of endpoints also
   * `endpoint_disabled`, `nothing_to_say` (the format has nothing for the event), and as things stand now `not_subscribed`, `min_severity`, `rule_type`,
   * `added_later`, `not_recorded` (the delivery was removed for its age, or the endpoint was changed since).
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
  /** When it came to this; of what waits, when it was written. */
  @ApiProperty({ format: 'date-time' })
  at: string;
  /** When it is tried again; null where it is over. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  next_attempt_at: string | null;
  @ApiProperty({ type: 'integer', nullable: true })
  attempts: number | null;
  /** The last answer of the receiver or the mail server. */
  @ApiProperty({ type: 'integer', nullable: true })
  status_code: number | null;
  /** What stood in the way at the last attempt. */
  @ApiProperty({ type: String, nullable: true })
  error: string | null;
  /** When the person read it in the app. */
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  read_at: string | null;
}

export class TrailResponse {
  items: TrailEntryResponse[];
}
