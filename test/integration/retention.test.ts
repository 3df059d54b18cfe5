import { ModuleRef } from '@nestjs/core';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import { DataSource } from 'typeorm';
import { Clock } from '../../src/common/clock.js';
import { newId } from '../../src/common/ids.js';
import { Environment } from '../../src/config/index.js';
import { Slots } from '../../src/database/index.js';
import { AlertCounts, InstancesService } from '../../src/instances/index.js';
import { RetentionModule, RetentionScheduler, RetentionService } from '../../src/retention/index.js';
import { WebhooksModule } from '../../src/webhooks/index.js';
import { someAlerts, type AlertFacts } from '../support/alert-factories.js';
import { anEndpoint } from '../support/engine-factories.js';
import { aMember, anOrganization, aTechnique } from '../support/factories.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Older than every retention period. */
const LONG_AGO = new Date(NOW.getTime() - 5_000 * DAY_MS);

describe('retention', () => {
  let context: TestContext;
  let retention: RetentionService;
  let organizationId: string;
  let userId: string;
  let endpointId: string;
  let snapshots = 0;

  beforeAll(async () => {
    context = await startTestModule([ScheduleModule.forRoot(), RetentionModule, WebhooksModule.register()]);
    retention = context.module.get(RetentionService);
  });
  afterAll(() => context.close());
  beforeEach(async () => {
    context.clock.set(NOW);
    await context.database.query('DELETE FROM scheduled_slot');
    await context.database.query('DELETE FROM organization');
    organizationId = await anOrganization(context.database);
    ({ userId } = await aMember(context.database, organizationId));
    endpointId = await anEndpoint(context.database, organizationId);
  });

  /** @returns the oldest instant that a retention of `days` keeps, and the one a millisecond before it. */
  const bothSides = (days: number): [kept: Date, gone: Date] => {
    const edge = NOW.getTime() - days * DAY_MS;
    return [new Date(edge), new Date(edge - 1)];
  };

  async function idsIn(table: string): Promise<string[]> {
    const rows = await context.database.query<{ id: string }>(`SELECT id FROM ${table}`);
    return rows.map(({ id }) => id).sort();
  }

  async function insert(table: string, row: Record<string, unknown>): Promise<string> {
    const id = newId();
    const columns = ['id', 'organization_id', ...Object.keys(row)].join(', ');
    await context.database.query(
      `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM jsonb_populate_record(NULL::${table}, $1::jsonb)`,
      [JSON.stringify({ id, organization_id: organizationId, ...row })],
    );
    return id;
  }

  const aRun = (startedAt: Date): Promise<string> =>
    insert('evaluation_run', {
      trigger: 'cron',
      started_at: startedAt,
      duration_seconds: 0.1,
      rules_evaluated: 0,
      alerts_fired: 0,
      outcomes: [],
    });

  const aDelivery = async (status: string, completedAt: Date | null): Promise<string> =>
    insert('webhook_delivery', {
      endpoint_id: endpointId,
      event_id: await insert('webhook_event', { body: '{}', created_at: LONG_AGO }),
      event_type: 'alert.fired',
      status,
      attempt_count: 1,
      next_attempt_at: LONG_AGO,
      created_at: LONG_AGO,
      completed_at: completedAt,
    });

  const anAttempt = (deliveryId: string): Promise<string> =>
    insert('webhook_attempt', { delivery_id: deliveryId, attempt: 1, started_at: LONG_AGO, duration_ms: 1 });

  const aNotification = (readAt: Date | null, alertId: string | null = null): Promise<string> =>
    insert('notification', {
      user_id: userId,
      alert_id: alertId,
      event: 'alert.fired',
      severity: 'low',
      title: 'Orphans',
      message: '7 techniques have no owner.',
      created_at: LONG_AGO,
      read_at: readAt,
    });

  const aSession = (expiresAt: Date): Promise<string> =>
    insert('refresh_session', {
      user_id: userId,
      family_id: newId(),
      token_hash: newId(),
      created_at: LONG_AGO,
      expires_at: expiresAt,
    });

  const alerts = (facts: AlertFacts[]): Promise<string[]> => someAlerts(context.database, organizationId, facts);

  async function anEmail(status: string, completedAt: Date | null): Promise<string> {
    const id = newId();
    await context.database.query(
      `INSERT INTO email_delivery (id, organization_id, user_id, kind, status, next_attempt_at, created_at, completed_at)
       VALUES ($1, $2, $3, 'immediate', $4, $5, $5, $6)`,
      [id, organizationId, userId, status, NOW, completedAt],
    );
    await context.database.query(
      `INSERT INTO email_notice (id, organization_id, user_id, delivery_id, event, severity, title, message, created_at)
       VALUES ($1, $2, $3, $4, 'alert.fired', 'low', 'Title', 'Message', $5)`,
      [newId(), organizationId, userId, id, NOW],
    );
    return id;
  }

  /** Creates a snapshot and replaces it at the given instant. */
  async function aSupersededSnapshot(at: Date): Promise<void> {
    const day = `2000-01-0${++snapshots}`;
    await context.database.query(
      `INSERT INTO posture_snapshot (organization_id, snapshot_date, coverage_pct, total, validated, partial, in_progress, not_covered, not_evaluated, source,
         valid_from)
       VALUES ($1, $2, 10, 10, 1, 0, 0, 9, 0, 'manual', $3)`,
      [organizationId, day, new Date(at.getTime() - 1)],
    );
    await context.database.query(
      `UPDATE posture_snapshot SET validated = 2, version = version + 1, valid_from = $3 WHERE organization_id = $1 AND snapshot_date = $2`,
      [organizationId, day, at],
    );
  }

  it('removes alerts some days after they were resolved or dismissed, and never open ones', async () => {
    const [kept, gone] = bothSides(365);
    const staying = await alerts([
      { status: 'open', createdAt: LONG_AGO },
      { status: 'acknowledged', createdAt: LONG_AGO },
      { status: 'resolved', createdAt: LONG_AGO, resolvedAt: kept },
      { status: 'dismissed', createdAt: LONG_AGO, dismissedAt: kept },
      { status: 'resolved', createdAt: LONG_AGO, dismissedAt: gone, resolvedAt: kept },
    ]);
    await alerts([
      { status: 'resolved', createdAt: LONG_AGO, resolvedAt: gone },
      { status: 'dismissed', createdAt: LONG_AGO, dismissedAt: gone },
    ]);
    await retention.removeExpired();
    expect(await idsIn('alert_instance')).toEqual(staying.sort());
    expect((await context.module.get(InstancesService).summary(organizationId)).byStatus).toEqual({
      open: 1,
      acknowledged: 1,
      resolved: 2,
      dismissed: 1,
    });
  });

  it('removes the notifications of a removed alert, but keeps its pending deliveries', async () => {
    const [, gone] = bothSides(365);
    const [old, open] = await alerts([
      { status: 'resolved', createdAt: LONG_AGO, resolvedAt: gone },
      { status: 'open', createdAt: LONG_AGO },
    ]);
    await aNotification(null, old);
    const staying = await aNotification(null, open);
    const pending = await aDelivery('pending', null);
    await retention.removeExpired();
    expect(await idsIn('notification')).toEqual([staying]);
    expect(await idsIn('webhook_delivery')).toEqual([pending]);
    expect(await idsIn('webhook_event')).toHaveLength(1);
  });

  it('removes old runs', async () => {
    const [kept, gone] = bothSides(30);
    await aRun(gone);
    const staying = [await aRun(kept), await aRun(NOW)];
    await retention.removeExpired();
    expect(await idsIn('evaluation_run')).toEqual(staying.sort());
  });

  it('removes old finished deliveries with their attempts, and never pending ones', async () => {
    const [kept, gone] = bothSides(30);
    for (const status of ['delivered', 'failed']) await anAttempt(await aDelivery(status, gone));
    const staying = [
      await aDelivery('delivered', kept),
      await aDelivery('failed', kept),
      await aDelivery('pending', null),
    ];
    const attempts: string[] = [];
    for (const id of staying) attempts.push(await anAttempt(id));
    await retention.removeExpired();
    expect(await idsIn('webhook_delivery')).toEqual(staying.sort());
    expect(await idsIn('webhook_attempt')).toEqual(attempts.sort());
  });

  it('removes notifications some days after they were read, and never unread ones', async () => {
    const [kept, gone] = bothSides(90);
    await aNotification(gone);
    const staying = [await aNotification(kept), await aNotification(null)];
    await retention.removeExpired();
    expect(await idsIn('notification')).toEqual(staying.sort());
  });

  it('removes e-mails with their notices some days after they were sent, failed or cancelled, and never pending ones', async () => {
    const [kept, gone] = bothSides(90);
    for (const status of ['sent', 'failed', 'cancelled']) await anEmail(status, gone);
    const staying = [await anEmail('sent', kept), await anEmail('pending', null)];
    await retention.removeExpired();
    expect(await idsIn('email_delivery')).toEqual(staying.sort());
    expect(await idsIn('email_notice')).toHaveLength(2);
  });

  it('removes old versions of posture and snapshots, and never the current ones', async () => {
    const [kept, gone] = bothSides(400);
    const techniqueId = await aTechnique(context.database, { attackId: 'T1001' });
    await aSupersededSnapshot(gone);
    await aSupersededSnapshot(kept);
    for (const [version, until] of [gone, kept, gone].entries()) {
      await context.database.query(
        `INSERT INTO posture_history (organization_id, technique_id, version, valid_from, valid_to, status_global, in_force, mitre_last_modified, change_source)
         VALUES ($1, $2, $3, $4, $5, 'partial', true, $4, 'api')`,
        [organizationId, techniqueId, version, LONG_AGO, until],
      );
    }
    await retention.removeExpired();
    expect(await context.database.query('SELECT version FROM posture_history')).toEqual([{ version: 1 }]);
    expect(await context.database.query('SELECT valid_to FROM posture_snapshot_history')).toEqual([{ valid_to: kept }]);
    expect(await context.database.query('SELECT FROM posture')).toHaveLength(1);
    expect(await context.database.query('SELECT FROM posture_snapshot')).toHaveLength(2);
  });

  const anImport = (status: string, settledAt: Date): Promise<string> =>
    insert('posture_import', {
      status,
      format: 'csv',
      preset: 'as_given',
      options: {},
      content_hash: 'hash',
      fingerprint: newId(),
      byte_count: 1,
      bytes_read: 1,
      created_at: LONG_AGO,
      updated_at: LONG_AGO,
      expires_at: settledAt,
      settled_at: settledAt,
    });

  it('removes imports some days after they were applied or undone, and others a week after they expired', async () => {
    const [kept, gone] = bothSides(365);
    const [unexpired, expired] = bothSides(7);
    for (const status of ['applied', 'undone']) await anImport(status, gone);
    for (const status of ['previewed', 'failed', 'parsing']) await anImport(status, expired);
    const staying: string[] = [];
    for (const status of ['applied', 'undone']) staying.push(await anImport(status, kept));
    for (const status of ['previewed', 'failed', 'parsing']) staying.push(await anImport(status, unexpired));
    await retention.removeExpired();
    expect(await idsIn('posture_import')).toEqual(staying.sort());
  });

  it('removes refresh sessions that have expired', async () => {
    await aSession(new Date(NOW.getTime() - 1));
    const staying = await aSession(new Date(NOW.getTime() + 1));
    await retention.removeExpired();
    expect(await idsIn('refresh_session')).toEqual([staying]);
  });

  it('removes nothing if the retention setting is 0', async () => {
    const unlimited = new RetentionService(
      context.module.get(DataSource),
      context.module.get(AlertCounts),
      Object.assign(new Environment(), {
        VEDETTE_RETENTION_ALERTS_DAYS: 0,
        VEDETTE_RETENTION_RUNS_DAYS: 0,
        VEDETTE_RETENTION_DELIVERIES_DAYS: 0,
        VEDETTE_RETENTION_NOTIFICATIONS_DAYS: 0,
        VEDETTE_RETENTION_HISTORY_DAYS: 0,
        VEDETTE_RETENTION_IMPORTS_DAYS: 0,
      }),
      context.clock,
    );
    await alerts([{ status: 'resolved', createdAt: LONG_AGO, resolvedAt: LONG_AGO }]);
    await aRun(LONG_AGO);
    await aDelivery('delivered', LONG_AGO);
    await aNotification(LONG_AGO);
    await aSupersededSnapshot(LONG_AGO);
    await anImport('applied', LONG_AGO);
    const removed = await unlimited.removeExpired();
    expect(removed.every(({ count }) => count === 0)).toBe(true);
    for (const table of ['alert_instance', 'evaluation_run', 'webhook_delivery', 'notification', 'posture_import']) {
      expect(await idsIn(table)).toHaveLength(1);
    }
    expect(await context.database.query('SELECT FROM posture_snapshot_history')).toHaveLength(1);
  });

  describe('with many rows', () => {
    beforeAll(async () => {
      await context.database.query(`
        CREATE TABLE batch (rows integer);
        CREATE FUNCTION record_batch() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN INSERT INTO batch SELECT count(*) FROM gone; RETURN NULL; END $$;
        CREATE TRIGGER record_batch AFTER DELETE ON evaluation_run REFERENCING OLD TABLE AS gone
          FOR EACH STATEMENT EXECUTE FUNCTION record_batch()`);
    });
    afterAll(() => context.database.query('DROP FUNCTION record_batch() CASCADE; DROP TABLE batch'));
    beforeEach(() => context.database.query('DELETE FROM batch'));

    const runs = (count: number): Promise<unknown> =>
      context.database.query(
        `INSERT INTO evaluation_run (id, organization_id, trigger, started_at, duration_seconds, rules_evaluated, alerts_fired, outcomes)
         SELECT vedette_uuidv7(), $1, 'cron', $2::timestamptz + i * interval '1 s', 1, 0, 0, '[]' FROM generate_series(1, $3::integer) i`,
        [organizationId, LONG_AGO, count],
      );
    const batches = async (): Promise<number[]> =>
      (await context.database.query<{ rows: number }>('SELECT rows FROM batch WHERE rows > 0')).map(({ rows }) => rows);

    it('removes rows in small batches', async () => {
      await runs(2_500);
      const removed = await retention.removeExpired();
      expect(await batches()).toEqual([1_000, 1_000, 500]);
      expect(removed.find(({ name }) => name[0] === 'evaluation run')).toMatchObject({ count: 2_500 });
    });

    it('shares the work among replicas that run at the same time', async () => {
      await runs(3_500);
      const removed = await Promise.all([1, 2, 3].map(() => retention.removeExpired()));
      const total = removed.flat().reduce((sum, { count }) => sum + count, 0);
      expect(total).toBe(3_500);
      expect(await idsIn('evaluation_run')).toEqual([]);
    });

    it('stops between batches, and continues from there the next time', async () => {
      await runs(2_500);
      const stopping = new AbortController();
      const removing = retention.removeExpired(stopping.signal);
      while ((await batches()).length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      stopping.abort();
      await removing;
      expect(await batches()).toEqual([1_000]);
      await retention.removeExpired();
      expect(await batches()).toEqual([1_000, 1_000, 500]);
    });

    it('skips rows that another transaction has locked', async () => {
      await runs(3);
      const [held] = await idsIn('evaluation_run');
      await context.module.get(DataSource).transaction(async (manager) => {
        await manager.query('SELECT id FROM evaluation_run WHERE id = $1 FOR UPDATE', [held]);
        await retention.removeExpired();
      });
      expect(await idsIn('evaluation_run')).toEqual([held]);
    });
  });

  describe('on its schedule', () => {
    const schedulers: RetentionScheduler[] = [];
    afterEach(async () => {
      for (const scheduler of schedulers.splice(0)) await scheduler.beforeApplicationShutdown();
    });

    /** Creates the scheduler of another process on the same database. */
    function replica(): RetentionScheduler {
      const { module } = context;
      const made = new RetentionScheduler(retention, module.get(Slots), module.get(Clock), module.get(ModuleRef));
      schedulers.push(made);
      return made;
    }

    it('removes rows once an hour, on one replica', async () => {
      await aRun(LONG_AGO);
      await replica().tick();
      expect(await idsIn('evaluation_run')).toEqual([]);

      const late = await aRun(LONG_AGO);
      await Promise.all([replica().tick(), replica().tick()]);
      expect(await idsIn('evaluation_run')).toEqual([late]);
      context.clock.advanceMs(60 * 60_000);
      await Promise.all([replica().tick(), replica().tick()]);
      expect(await idsIn('evaluation_run')).toEqual([]);
    });

    it('merges the rows of alert counts more often', async () => {
      const rows = () => context.database.query('SELECT count FROM alert_count');
      await replica().tick();
      const ruleId = newId();
      for (let times = 0; times < 3; times++) await alerts([{ ruleId }]);
      expect(await rows()).toHaveLength(3);
      context.clock.advanceMs(5 * 60_000);
      await replica().tick();
      expect(await rows()).toEqual([{ count: '3' }]);
    });

    it('starts with the application and stops with it', async () => {
      await aRun(LONG_AGO);
      const scheduler = replica();
      scheduler.start();
      await scheduler.tick();
      expect(await idsIn('evaluation_run')).toEqual([]);
      expect(context.module.get(SchedulerRegistry).getCronJob('retention').isActive).toBe(true);

      await scheduler.beforeApplicationShutdown();
      expect(context.module.get(SchedulerRegistry).getCronJob('retention').isActive).toBe(false);
      const staying = await aRun(LONG_AGO);
      context.clock.advanceMs(60 * 60_000);
      await scheduler.tick();
      expect(await idsIn('evaluation_run')).toEqual([staying]);
    });
  });
});
