import { expiredVersions } from '../database/index.js';

export const EXPIRED_QUEUE_VERSIONS = expiredVersions({
  name: ['queue version', 'queue versions'],
  table: 'revalidation_item_history',
  key: ['organization_id', 'id'],
});
