import { expiredRows } from '../database/index.js';

export const EXPIRED_RUNS = expiredRows({
  name: ['evaluation run', 'evaluation runs'],
  setting: 'VEDETTE_RETENTION_RUNS_DAYS',
  table: 'evaluation_run',
  expired: 'SELECT id FROM evaluation_run WHERE started_at < $1 ORDER BY started_at LIMIT $2 FOR UPDATE SKIP LOCKED',
});

/** Measurements that a newer one has superseded. The newest measurement of a rule never expires. */
export const EXPIRED_MEASUREMENTS = expiredRows({
  name: ['measurement', 'measurements'],
  setting: 'VEDETTE_RETENTION_RUNS_DAYS',
  table: 'rule_measurement',
  key: ['organization_id', 'rule_id', 'measured_at'],
  expired: `
    SELECT m.organization_id, m.rule_id, m.measured_at FROM rule_measurement m
    JOIN rule_state s ON s.organization_id = m.organization_id AND s.rule_id = m.rule_id AND s.last_measured_at > m.measured_at
    WHERE m.measured_at < $1 ORDER BY m.measured_at LIMIT $2 FOR UPDATE OF m SKIP LOCKED`,
});
