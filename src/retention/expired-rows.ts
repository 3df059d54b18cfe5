import { EXPIRED_SESSIONS } from '../auth/index.js';
import type { ExpiredRows } from '../database/index.js';
import { EXPIRED_MEASUREMENTS, EXPIRED_RUNS } from '../evaluation/index.js';
import { EXPIRED_IMPORTS, UNAPPLIED_IMPORTS } from '../imports/index.js';
import { EXPIRED_ALERTS } from '../instances/index.js';
import { EXPIRED_EMAILS, EXPIRED_NOTIFICATIONS } from '../notifications/index.js';
import { EXPIRED_POSTURE_VERSIONS } from '../posture/index.js';
import { EXPIRED_QUEUE_VERSIONS } from '../revalidation/index.js';
import { EXPIRED_SNAPSHOT_VERSIONS } from '../snapshots/index.js';
import { EXPIRED_EVENTS } from '../webhooks/index.js';

/** The rows that retention removes, in this order. */
export const EXPIRED_ROWS: readonly ExpiredRows[] = [
  EXPIRED_ALERTS,
  EXPIRED_RUNS,
  EXPIRED_MEASUREMENTS,
  EXPIRED_EVENTS,
  EXPIRED_NOTIFICATIONS,
  EXPIRED_EMAILS,
  EXPIRED_POSTURE_VERSIONS,
  EXPIRED_QUEUE_VERSIONS,
  EXPIRED_SNAPSHOT_VERSIONS,
  EXPIRED_IMPORTS,
  UNAPPLIED_IMPORTS,
  EXPIRED_SESSIONS,
];
