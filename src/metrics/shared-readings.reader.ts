import { Injectable, Logger } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { SEVERITIES } from '../common/alerting.js';
import { Clock } from '../common/clock.js';
import { EVALUATION_SLOT, queryRows } from '../database/index.js';
import type { SharedReadings } from './shared-readings.js';

/** How long readings are reused. Scrapes usually come every 15 s, perhaps from several Prometheus servers. */
const READINGS_CACHE_MS = 10_000;

/** PostgreSQL cancels a statement that takes longer. A database that has not answered by then counts as down. */
const STATEMENT_TIMEOUT_MS = 2_000;
const ANSWER_TIMEOUT_MS = 3_000;

/**
 * One statement that scans nothing that grows without end. With 1,000 organisations, 8,000 rules and 500,000 deliveries
 * it took 30 ms.
 */
const READ = `
  SELECT
    (SELECT min(next_evaluation_at) FROM rule_schedule) AS rule_due_at,
    (SELECT slot FROM scheduled_slot WHERE name = $2) AS evaluated_at,
    (SELECT min(coalesce(
       (SELECT max(s.snapshot_date)::timestamp AT TIME ZONE 'UTC' FROM posture_snapshot s
        WHERE s.organization_id = o.id AND s.snapshot_date <= ($1::timestamptz AT TIME ZONE 'UTC')::date), o.created_at))
     FROM organization o) AS snapshot_at,
    (SELECT min(next_attempt_at) FROM webhook_delivery WHERE status = 'pending') AS delivery_due_at,
    (SELECT min(next_attempt_at) FROM email_delivery WHERE status = 'pending') AS email_due_at,
    (SELECT count(*)::integer FROM webhook_delivery WHERE status = 'failed' AND completed_at > $1::timestamptz - interval '24 hours')
      AS dead_webhooks,
    (SELECT count(*)::integer FROM email_delivery WHERE status <> 'pending' AND completed_at > $1::timestamptz - interval '24 hours' AND status = 'failed')
      AS dead_emails,
    (SELECT jsonb_object_agg(severity, open) FROM (SELECT severity, sum(count) AS open FROM alert_count WHERE status = 'open' GROUP BY severity) c)
      AS open_by_severity,
    (SELECT jsonb_object_agg(state, deliveries) FROM (
       SELECT CASE WHEN locked_until > $1 THEN 'sending' WHEN next_attempt_at <= $1 THEN 'due' ELSE 'waiting' END AS state, count(*) AS deliveries
       FROM (SELECT locked_until, next_attempt_at FROM webhook_delivery WHERE status = 'pending' LIMIT 100000) unfinished GROUP BY 1) q) AS queue_depth,
    (SELECT jsonb_object_agg(state, endpoints) FROM (
       SELECT CASE WHEN NOT e.is_enabled THEN 'disabled' WHEN h.breaker = 'open' THEN 'breaker_open' ELSE 'enabled' END AS state, count(*) AS endpoints
       FROM webhook_endpoint e LEFT JOIN webhook_endpoint_health h ON h.organization_id = e.organization_id AND h.endpoint_id = e.id
       GROUP BY 1) e) AS endpoints`;

interface Row {
  rule_due_at: Date | null;
  evaluated_at: Date | null;
  snapshot_at: Date | null;
  delivery_due_at: Date | null;
  email_due_at: Date | null;
  dead_webhooks: number;
  dead_emails: number;
  open_by_severity: Record<string, number> | null;
  queue_depth: Record<string, number> | null;
  endpoints: Record<string, number> | null;
}

/** Whether the database answers, and its readings; null if they did not come in time. */
export interface DatabaseAnswer {
  isUp: boolean;
  readings: SharedReadings | null;
}

/** Reads the state that all replicas share, seldom and in bounded time, so that scrapes stay cheap. */
@Injectable()
export class SharedReadingsReader {
  private readonly logger = new Logger('Metrics');
  private cached: { at: number; answer: Promise<DatabaseAnswer> } | undefined;
  private wasComplete = true;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** Never throws. Callers during a reading share its answer. */
  read(): Promise<DatabaseAnswer> {
    const now = this.clock.now();
    // Math.abs: a clock that was set back must not keep an answer for hours.
    if (!this.cached || Math.abs(now.getTime() - this.cached.at) >= READINGS_CACHE_MS) {
      this.cached = { at: now.getTime(), answer: this.readNow(now) };
    }
    return this.cached.answer;
  }

  private async readNow(now: Date): Promise<DatabaseAnswer> {
    const answer: DatabaseAnswer = { isUp: false, readings: null };
    let timer: NodeJS.Timeout | undefined;
    try {
      const reading = this.dataSource.transaction(async (manager) => {
        // Limited to the transaction, because a connection pooler may give the session to another client.
        await manager.query(`SELECT set_config('statement_timeout', $1, true)`, [String(STATEMENT_TIMEOUT_MS)]);
        answer.isUp = true;
        return readShared(manager, now);
      });
      const tooLate = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)), ANSWER_TIMEOUT_MS);
      });
      answer.readings = await Promise.race([reading, tooLate]);
      this.logChange(null);
    } catch (error) {
      this.logChange(error as Error);
    } finally {
      clearTimeout(timer);
    }
    return { ...answer };
  }

  /** Logs only changes: other parts already report a database that is down. */
  private logChange(error: Error | null): void {
    if (error && this.wasComplete) {
      this.logger.warn(`The metrics lack the readings from the database: ${error.message}`);
    }
    if (!error && !this.wasComplete) this.logger.log('The metrics have the readings from the database again');
    this.wasComplete = error === null;
  }
}

async function readShared(manager: EntityManager, now: Date): Promise<SharedReadings> {
  const [row] = await queryRows<Row>(manager, READ, [now, EVALUATION_SLOT]);
  if (!row) throw new Error('the statement answered no row');
  const since = (at: Date | null): number | null =>
    at === null ? null : Math.max(0, (now.getTime() - at.getTime()) / 1000);
  return {
    schedulerBehindSeconds: since(row.rule_due_at) ?? 0,
    evaluationAgeSeconds: since(row.evaluated_at),
    snapshotAgeSeconds: since(row.snapshot_at),
    oldestDueDeliverySeconds: since(row.delivery_due_at) ?? 0,
    oldestDueEmailSeconds: since(row.email_due_at) ?? 0,
    deadLetters: { webhook: row.dead_webhooks, email: row.dead_emails },
    openBySeverity: { ...Object.fromEntries(SEVERITIES.map((severity) => [severity, 0])), ...row.open_by_severity },
    queueDepth: { due: 0, sending: 0, waiting: 0, ...row.queue_depth },
    endpoints: { enabled: 0, disabled: 0, breaker_open: 0, ...row.endpoints },
  };
}
