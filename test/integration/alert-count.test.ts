import { newId } from '../../src/common/ids.js';
import { Transactions } from '../../src/database/index.js';
import {
  AlertCounts,
  AlertWriter,
  InstancesModule,
  InstancesService,
  type NewAlert,
} from '../../src/instances/index.js';
import { WebhooksModule } from '../../src/webhooks/index.js';
import { someAlerts } from '../support/alert-factories.js';
import { anOrganization } from '../support/factories.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';

const KIND = 'organization_id, status, severity, rule_type, rule_id';

describe('the counts of alerts', () => {
  let context: TestContext;
  let counts: AlertCounts;
  let organizationId: string;

  beforeAll(async () => {
    context = await startTestModule([InstancesModule, WebhooksModule.register()]);
    counts = context.module.get(AlertCounts);
  });
  afterAll(() => context.close());
  beforeEach(async () => {
    organizationId = await anOrganization(context.database);
  });

  /** The differences between sums and alerts. */
  function differences(): Promise<unknown[]> {
    return context.database.query(
      `SELECT ${KIND}, sum(count)::integer AS missing FROM (
         SELECT ${KIND}, count(*) AS count FROM alert_instance GROUP BY ${KIND}
         UNION ALL SELECT ${KIND}, -count FROM alert_count
       ) d GROUP BY ${KIND} HAVING sum(count) <> 0`,
    );
  }

  async function rowsOf(organization: string): Promise<number> {
    const [row] = await context.database.query<{ rows: number }>(
      'SELECT count(*)::integer AS rows FROM alert_count WHERE organization_id = $1',
      [organization],
    );
    return row!.rows;
  }

  function newAlerts(organization: string, count: number): NewAlert[] {
    return Array.from({ length: count }, (_, index) => ({
      id: newId(),
      organizationId: organization,
      ruleId: newId(),
      ruleName: 'Orphans',
      ruleType: ['orphan_spike', 'high_risk'][index % 2]!,
      severity: (['high', 'low'] as const)[index % 2]!,
      title: 'Orphans',
      message: '7 techniques have no owner.',
      details: {},
      fingerprint: null,
      occurredAt: NOW,
    }));
  }

  /** Opens, refreshes, acknowledges, resolves, dismisses and deletes, each in its own transaction; some roll back. */
  async function worker(organizations: readonly string[], seed: number, rounds: number): Promise<void> {
    const [transactions, writer, instances] = [
      context.module.get(Transactions),
      context.module.get(AlertWriter),
      context.module.get(InstancesService),
    ];
    for (let round = 0; round < rounds; round++) {
      const organization = organizations[(seed + round) % organizations.length]!;
      const alerts = newAlerts(organization, 5);
      const ids = alerts.map(({ id }) => id);
      await transactions.run((manager) => writer.open(manager, alerts));
      await transactions
        .run(async (manager) => {
          await writer.open(manager, newAlerts(organization, 3));
          throw new Error('rolled back');
        })
        .catch(() => undefined);
      await transactions.run((manager) =>
        writer.refresh(manager, [{ ...alerts[0]!, alertId: ids[0]!, severity: 'critical' }]),
      );
      await instances.transition(organization, ids[1]!, 'acknowledge', newId());
      await instances.transition(organization, ids[2]!, 'dismiss', newId());
      await Promise.all([
        instances.transition(organization, ids[3]!, 'resolve', newId()),
        instances.transition(organization, ids[3]!, 'acknowledge', newId()).catch(() => undefined),
      ]);
      await transactions.run((manager) => manager.query('DELETE FROM alert_instance WHERE id = $1', [ids[4]]));
    }
  }

  /** Repeats `work` until `others` are done. */
  async function meanwhile(others: Promise<unknown>, work: () => Promise<unknown>): Promise<number> {
    let isDone = false;
    let times = 0;
    void others.finally(() => (isDone = true)).catch(() => undefined);
    for (; !isDone; times++) await work();
    return times;
  }

  it('equal the alerts after concurrent writers and folding', async () => {
    const organizations = [organizationId, await anOrganization(context.database)];
    const writers = Promise.all([0, 1, 2, 3].map((seed) => worker(organizations, seed, 15)));
    const folders = [0, 1].map(() => meanwhile(writers, () => counts.fold()));
    const readers = meanwhile(writers, async () => expect(await differences()).toEqual([]));
    await writers;
    await Promise.all([...folders, readers]);
    expect(await differences()).toEqual([]);

    await counts.fold();
    expect(await differences()).toEqual([]);
    const [kinds] = await context.database.query<{ kinds: number }>(
      `SELECT count(DISTINCT (${KIND}))::integer AS kinds FROM alert_instance WHERE organization_id = $1`,
      [organizationId],
    );
    expect(await rowsOf(organizationId)).toBe(kinds!.kinds);
  });

  it('keep no row of a kind without alerts', async () => {
    const [id] = await someAlerts(context.database, organizationId, [{}]);
    await context.database.query('DELETE FROM alert_instance WHERE id = $1', [id]);
    expect(await rowsOf(organizationId)).toBe(2);
    await counts.fold();
    expect(await rowsOf(organizationId)).toBe(0);
  });

  it('are corrected by one statement after any damage', async () => {
    const ruleId = newId();
    await someAlerts(context.database, organizationId, [
      { ruleId },
      { ruleId },
      { status: 'resolved' },
      { severity: 'high' },
    ]);
    await context.database.query(
      `UPDATE alert_count SET count = count + 5 WHERE organization_id = $1 AND rule_id = $2`,
      [organizationId, ruleId],
    );
    await context.database.query(`DELETE FROM alert_count WHERE organization_id = $1 AND status = 'resolved'`, [
      organizationId,
    ]);
    await context.database.query(
      `INSERT INTO alert_count (id, ${KIND}, count) VALUES ($1, $2, 'dismissed', 'info', 'unheard_of', $1, -3)`,
      [newId(), organizationId],
    );
    expect(await differences()).toHaveLength(3);
    expect(await counts.repair(await anOrganization(context.database))).toBe(0);
    expect(await counts.repair(organizationId)).toBe(3);
    expect(await differences()).toEqual([]);
    expect(await counts.repair()).toBe(0);
  });

  it('are corrected once by concurrent repairs, while alerts are written and counts folded', async () => {
    await someAlerts(context.database, organizationId, [{}, {}, { status: 'acknowledged' }]);
    await context.database.query('UPDATE alert_count SET count = count + 7 WHERE organization_id = $1', [
      organizationId,
    ]);
    const writers = Promise.all([0, 1].map((seed) => worker([organizationId], seed, 8)));
    const folders = meanwhile(writers, () => counts.fold());
    const mended = await Promise.all([counts.repair(), counts.repair(organizationId), counts.repair()]);
    await writers;
    await folders;
    expect(mended.filter((count) => count > 0)).toEqual([3]);
    expect(await differences()).toEqual([]);
  });

  it('are deleted with their organisation, while its alerts are written and its counts folded', async () => {
    const deleted = await anOrganization(context.database);
    await someAlerts(context.database, deleted, [{}, {}, { status: 'resolved' }]);
    const writer = worker([deleted], 0, 30).catch(() => undefined);
    const folder = meanwhile(writer, () => counts.fold());
    await context.database.query('DELETE FROM organization WHERE id = $1', [deleted]);
    await writer;
    await folder;
    expect(await rowsOf(deleted)).toBe(0);
    expect(await differences()).toEqual([]);
  });
});
