import { ApiProperty } from '@nestjs/swagger';
import { SEVERITIES, type Severity } from '../../common/alerting.js';

/** One notice in the signed-in user's inbox. */
export class NotificationResponse {
  id: string;
  /** The event, such as `alert.fired`. */
  event: string;
  /** The alert that it is about. */
  @ApiProperty({ type: String, format: 'uuid', nullable: true })
  alert_id: string | null;
  @ApiProperty({ enum: SEVERITIES })
  severity: Severity;
  title: string;
  message: string;
  is_read: boolean;
  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  read_at: string | null;
  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class NotificationListResponse {
  items: NotificationResponse[];
  /** The number of matching notifications on all pages. */
  @ApiProperty({ type: 'integer' })
  total: number;
  @ApiProperty({ type: String, nullable: true })
  next_cursor: string | null;
}

export class UnreadCountResponse {
  @ApiProperty({ type: 'integer' })
  unread: number;
}

export class MarkedReadResponse {
  /** The number of notifications that were unread. */
  @ApiProperty({ type: 'integer' })
  marked: number;
}
