import { expiredVersions } from '../../database/index.js';

export const EXPIRED_POSTURE_VERSIONS = expiredVersions({
  name: ['posture version', 'posture versions'],
  table: 'posture_history',
  key: ['organization_id', 'technique_id'],
});
