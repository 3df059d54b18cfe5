import { expiredRows } from '../database/index.js';

/** Finished alerts. The notifications of an alert, read or not, go with it by their foreign key. */
export const EXPIRED_ALERTS = expiredRows({
  name: ['alert', 'alerts'],
  setting: 'VEDETTE_RETENTION_ALERTS_DAYS',
  table: 'alert_instance',
  // Removing alerts adds to the counts of their organisation, which therefore must not be deleted meanwhile.
  expired: `
    SELECT a.id FROM alert_instance a JOIN organization o ON o.id = a.organization_id
    WHERE a.status IN ('resolved', 'dismissed') AND coalesce(a.resolved_at, a.dismissed_at) < $1
    ORDER BY coalesce(a.resolved_at, a.dismissed_at) LIMIT $2
    FOR UPDATE OF a SKIP LOCKED FOR KEY SHARE OF o SKIP LOCKED`,
});
