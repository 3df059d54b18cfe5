import { expiredRows } from '../../database/index.js';

/** Events whose deliveries are all over. The deliveries, with their attempts, go with them by their foreign keys. */
export const EXPIRED_EVENTS = expiredRows({
  name: ['webhook event', 'webhook events'],
  setting: 'VEDETTE_RETENTION_DELIVERIES_DAYS',
  table: 'webhook_event',
  key: ['organization_id', 'id'],
  expired: `
    SELECT v.organization_id, v.id FROM webhook_event v
    WHERE v.created_at < $1 AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.event_id = v.id AND (d.status = 'pending' OR d.completed_at >= $1))
    ORDER BY v.created_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
});
