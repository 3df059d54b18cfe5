import { expiredRows } from '../../database/index.js';

/** E-mails that were sent or failed for good. */
export const EXPIRED_EMAILS = expiredRows({
  name: ['e-mail', 'e-mails'],
  setting: 'VEDETTE_RETENTION_NOTIFICATIONS_DAYS',
  table: 'email_delivery',
  expired: `
    SELECT id FROM email_delivery WHERE status <> 'pending' AND completed_at < $1 ORDER BY completed_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
});
