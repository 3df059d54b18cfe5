import { expiredVersions } from '../database/index.js';

export const EXPIRED_SNAPSHOT_VERSIONS = expiredVersions({
  name: ['snapshot version', 'snapshot versions'],
  table: 'posture_snapshot_history',
  key: ['organization_id', 'snapshot_date'],
});
