import { toIso } from '../../common/wire.js';
import type { Notification } from './notification.entity.js';
import type { NotificationResponse } from './notification.response.js';

export function toNotificationResponse(notice: Notification): NotificationResponse {
  return {
    id: notice.id,
    event: notice.event,
    alert_id: notice.alertId,
    severity: notice.severity,
    title: notice.title,
    message: notice.message,
    is_read: notice.readAt !== null,
    read_at: toIso(notice.readAt),
    created_at: toIso(notice.createdAt),
  };
}
