import type { Environment } from '../config/index.js';

/** Rows of one table that are kept for an age and then removed. */
export interface ExpiredRows {
  /** What one row is called, and several. */
  name: readonly [singular: string, plural: string];
  /** The setting that says for how many days; without one, what `doomed` finds is of no use from its instant on. */
  setting?: keyof Environment & `VEDETTE_RETENTION_${string}`;
  table: string;
  /** The columns by which a row is told from others; `id` where left out. */
  key?: readonly string[];
  /**
   * Finds the keys of at most $2 rows whose time was before $1, oldest first, and locks them. Rows that somebody holds are passed over: their time comes again.
   */
  doomed: string;
}

/**
 * What retention removes, in this order. Each is found through an index on its time; what hangs on a row goes along by its foreign key: the notifications of an
 * alert, read or not, and the deliveries of an event with their attempts, once all of them are over.
 */
export const EXPIRED_ROWS: readonly ExpiredRows[] = [
  {
    name: ['alert', 'alerts'],
    setting: 'VEDETTE_RETENTION_ALERTS_DAYS',
    table: 'alert_instance',
    // Removing alerts adds to the counts of their organisation, which therefore must not be deleted meanwhile.
    doomed: `
      SELECT a.id FROM alert_instance a JOIN organization o ON o.id = a.organization_id
      WHERE a.status IN ('resolved', 'dismissed') AND coalesce(a.resolved_at, a.dismissed_at) < $1
      ORDER BY coalesce(a.resolved_at, a.dismissed_at) LIMIT $2
      FOR UPDATE OF a SKIP LOCKED FOR KEY SHARE OF o SKIP LOCKED`,
  },
  {
    name: ['evaluation run', 'evaluation runs'],
    setting: 'VEDETTE_RETENTION_RUNS_DAYS',
    table: 'evaluation_run',
    doomed: 'SELECT id FROM evaluation_run WHERE started_at < $1 ORDER BY started_at LIMIT $2 FOR UPDATE SKIP LOCKED',
  },
  {
    name: ['measurement', 'measurements'],
    setting: 'VEDETTE_RETENTION_RUNS_DAYS',
    table: 'rule_measurement',
    key: ['organization_id', 'rule_id', 'measured_at'],
    // What a rule still measures is kept, however long it has.
    doomed: `
      SELECT m.organization_id, m.rule_id, m.measured_at FROM rule_measurement m
      JOIN rule_state s ON s.organization_id = m.organization_id AND s.rule_id = m.rule_id AND s.last_measured_at > m.measured_at
      WHERE m.measured_at < $1 ORDER BY m.measured_at LIMIT $2 FOR UPDATE OF m SKIP LOCKED`,
  },
  {
    name: ['webhook event', 'webhook events'],
    setting: 'VEDETTE_RETENTION_DELIVERIES_DAYS',
    table: 'webhook_event',
    key: ['organization_id', 'id'],
    doomed: `
      SELECT v.organization_id, v.id FROM webhook_event v
      WHERE v.created_at < $1 AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.event_id = v.id AND (d.status = 'pending' OR d.completed_at >= $1))
      ORDER BY v.created_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
  },
  {
    name: ['notification', 'notifications'],
    setting: 'VEDETTE_RETENTION_NOTIFICATIONS_DAYS',
    table: 'notification',
    doomed: 'SELECT id FROM notification WHERE read_at < $1 ORDER BY read_at LIMIT $2 FOR UPDATE SKIP LOCKED',
  },
  {
    name: ['e-mail', 'e-mails'],
    setting: 'VEDETTE_RETENTION_NOTIFICATIONS_DAYS',
    table: 'email_delivery',
    doomed: `
      SELECT id FROM email_delivery WHERE status <> 'pending' AND completed_at < $1 ORDER BY completed_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
  },
  ...(
    [
      [
        'posture',
        ['organization_id', 'technique_id', 'valid_from', 'version'],
        ['posture version', 'posture versions'],
      ],
      ['revalidation_item', ['organization_id', 'id', 'valid_from', 'version'], ['queue version', 'queue versions']],
      [
        'posture_snapshot',
        ['organization_id', 'snapshot_date', 'valid_from', 'version'],
        ['snapshot version', 'snapshot versions'],
      ],
    ] as const
  ).map(([table, key, name]): ExpiredRows => ({
    name,
    setting: 'VEDETTE_RETENTION_HISTORY_DAYS',
    table: `${table}_history`,
    key,
    doomed: `SELECT ${key.join(', ')} FROM ${table}_history WHERE valid_to < $1 ORDER BY valid_to LIMIT $2 FOR UPDATE SKIP LOCKED`,
  })),
  {
    name: ['import of posture', 'imports of posture'],
    setting: 'VEDETTE_RETENTION_IMPORTS_DAYS',
    table: 'posture_import',
    doomed: `
      SELECT id FROM posture_import WHERE status IN ('applied', 'undone') AND settled_at < $1 ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
  },
  {
    // A preview that has expired, or a reading that failed, is shown for a week.
    name: ['unapplied import', 'unapplied imports'],
    table: 'posture_import',
    doomed: `
      SELECT id FROM posture_import WHERE status IN ('parsing', 'previewed', 'failed') AND settled_at < $1::timestamptz - interval '7 days'
      ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED`,
  },
  {
    name: ['refresh session', 'refresh sessions'],
    table: 'refresh_session',
    doomed: 'SELECT id FROM refresh_session WHERE expires_at < $1 LIMIT $2 FOR UPDATE SKIP LOCKED',
  },
];
