import { expiredRows } from '../database/index.js';

export const EXPIRED_SESSIONS = expiredRows({
  name: ['refresh session', 'refresh sessions'],
  table: 'refresh_session',
  expired: 'SELECT id FROM refresh_session WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED',
});
