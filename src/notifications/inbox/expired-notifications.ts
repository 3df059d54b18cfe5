import { expiredRows } from '../../database/index.js';

/** Notifications by when they were read. */
export const EXPIRED_NOTIFICATIONS = expiredRows({
  name: ['notification', 'notifications'],
  setting: 'VEDETTE_RETENTION_NOTIFICATIONS_DAYS',
  table: 'notification',
  expired: 'SELECT id FROM notification WHERE read_at < $1 ORDER BY read_at LIMIT $2 FOR UPDATE SKIP LOCKED',
});
