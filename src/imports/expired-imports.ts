import { expiredRows } from '../database/index.js';

export const EXPIRED_IMPORTS = expiredRows({
  name: ['import of posture', 'imports of posture'],
  setting: 'VEDETTE_RETENTION_IMPORTS_DAYS',
  table: 'posture_import',
  expired: `
    SELECT id FROM posture_import WHERE status IN ('applied', 'undone') AND settled_at < $1 ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
});

/** A preview that has expired, or a reading that failed, is shown for a week. */
export const UNAPPLIED_IMPORTS = expiredRows({
  name: ['unapplied import', 'unapplied imports'],
  table: 'posture_import',
  expired: `
    SELECT id FROM posture_import WHERE status IN ('parsing', 'previewed', 'failed') AND settled_at < $1::timestamptz - interval '7 days'
    ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
});
