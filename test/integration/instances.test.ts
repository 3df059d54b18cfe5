import fc from 'fast-check';
import { ALERT_STATUSES, SEVERITIES } from '../../src/common/alerting.js';
import { newId } from '../../src/common/ids.js';
import { decodeCursor } from '../../src/common/pagination/page.js';
import type { InstanceFilters } from '../../src/instances/alert-reader.js';
import { InstancesModule, InstancesService } from '../../src/instances/index.js';
import { WebhooksModule } from '../../src/webhooks/index.js';
import { someAlerts, type AlertFacts } from '../support/alert-factories.js';
import { anOrganization } from '../support/factories.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';

/** The rule at an index has the type at the same index. */
const RULES = Array.from({ length: 6 }, (_, index) => ({ ruleId: newId(), ruleType: ['a', 'b', 'c'][index % 3]! }));

describe('alerts', () => {
  let context: TestContext;
  let instances: InstancesService;
  let organizationId: string;
  let other: string;

  beforeAll(async () => {
    context = await startTestModule([InstancesModule, WebhooksModule.register()]);
    instances = context.module.get(InstancesService);
    organizationId = await anOrganization(context.database);
    other = await anOrganization(context.database);
    // Several alerts share an instant, so that their order also depends on the id.
    const alerts = (count: number): AlertFacts[] =>
      Array.from({ length: count }, (_, index) => ({
        ...RULES[(index * 7) % RULES.length]!,
        severity: SEVERITIES[index % 11 === 0 ? 4 : index % 4],
        status: ALERT_STATUSES[index % 13 === 0 ? 0 : 1 + (index % 3)],
        createdAt: new Date(NOW.getTime() - Math.floor(index / 5) * 1_000),
      }));
    await someAlerts(context.database, organizationId, alerts(600));
    await someAlerts(context.database, other, alerts(50));
  });
  afterAll(() => context.close());

  /** The expected list, read by a simple statement. */
  async function matching(filters: InstanceFilters): Promise<string[]> {
    const rows = await context.database.query<{ id: string }>(
      `SELECT id FROM alert_instance WHERE organization_id = $1 AND ($2::text IS NULL OR status = $2) AND ($3::text IS NULL OR severity = $3)
         AND ($4::text IS NULL OR rule_type = $4) AND ($5::uuid IS NULL OR rule_id = $5) ORDER BY created_at DESC, id DESC`,
      [organizationId, filters.status, filters.severity, filters.ruleType, filters.ruleId],
    );
    return rows.map(({ id }) => id);
  }

  const optional = <T>(values: readonly T[]): fc.Arbitrary<T | undefined> =>
    fc.option(fc.constantFrom(...values), { nil: undefined });
  const anyFilters = fc.record({
    status: optional(ALERT_STATUSES),
    severity: optional(SEVERITIES),
    ruleType: optional(['a', 'b', 'c', 'unknown']),
    ruleId: optional([...RULES.map(({ ruleId }) => ruleId), newId()]),
  });

  it('are listed newest first with their total, page by page, for any filters', async () => {
    await fc.assert(
      fc.asyncProperty(anyFilters, fc.integer({ min: 1, max: 200 }), async (filters, limit) => {
        const expected = await matching(filters);
        const listed: string[] = [];
        let cursor: string | null = null;
        do {
          const page = await instances.list(organizationId, filters, {
            limit,
            cursor: cursor === null ? undefined : decodeCursor(cursor),
          });
          expect(page.total).toBe(expected.length);
          expect(page.items.length).toBeLessThanOrEqual(limit);
          listed.push(...page.items.map(({ id }) => id));
          cursor = page.nextCursor;
        } while (cursor !== null);
        expect(listed).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });

  it('are skipped by an offset, for any filters', async () => {
    await fc.assert(
      fc.asyncProperty(anyFilters, fc.integer({ min: 0, max: 700 }), async (filters, offset) => {
        const expected = await matching(filters);
        const page = await instances.list(organizationId, filters, { limit: 20, offset });
        expect(page.items.map(({ id }) => id)).toEqual(expected.slice(offset, offset + 20));
        expect(page.total).toBe(expected.length);
        expect(page.nextCursor === null).toBe(offset + 20 >= expected.length);
      }),
      { numRuns: 40 },
    );
  });

  it('have the same fields in a list as alone', async () => {
    const { items } = await instances.list(organizationId, { severity: 'high' }, { limit: 3 });
    expect(items).toHaveLength(3);
    for (const item of items) expect(item).toEqual({ ...(await instances.get(organizationId, item.id)) });
  });

  it('continue after a cursor while new alerts open', async () => {
    const first = await instances.list(other, {}, { limit: 10 });
    await someAlerts(context.database, other, [{ createdAt: new Date(NOW.getTime() + 1_000) }]);
    const second = await instances.list(other, {}, { limit: 10, cursor: decodeCursor(first.nextCursor!) });
    const all = await instances.list(other, {}, { limit: 100 });
    expect(all.items.slice(1, 21).map(({ id }) => id)).toEqual([...first.items, ...second.items].map(({ id }) => id));
    expect(second.total).toBe(51);
  });

  it('are counted by status, and all of them and the open ones by severity and rule type', async () => {
    const counts = async (column: string, where = 'true'): Promise<Record<string, number>> => {
      const rows = await context.database.query<{ value: string; count: number }>(
        `SELECT ${column} AS value, count(*)::integer AS count FROM alert_instance WHERE organization_id = $1 AND ${where} GROUP BY 1`,
        [organizationId],
      );
      return Object.fromEntries(rows.map(({ value, count }) => [value, count]));
    };
    const summary = await instances.summary(organizationId);
    expect(summary.byStatus).toEqual(await counts('status'));
    expect(summary.bySeverity).toMatchObject(await counts('severity'));
    expect(summary.byRuleType).toEqual(await counts('rule_type'));
    expect(summary.openBySeverity).toMatchObject(await counts('severity', `status = 'open'`));
    expect(Object.keys(summary.openBySeverity)).toEqual([...SEVERITIES]);
    expect(summary.openByRuleType).toEqual(await counts('rule_type', `status = 'open'`));
    expect(summary.recent.map(({ id }) => id)).toEqual((await matching({ status: 'open' })).slice(0, 5));
  });

  it('have zero counts without alerts', async () => {
    expect(await instances.summary(await anOrganization(context.database))).toEqual({
      byStatus: { open: 0, acknowledged: 0, resolved: 0, dismissed: 0 },
      bySeverity: { critical: 0, high: 0, medium: 0, low: 0, info: 0 },
      byRuleType: {},
      openBySeverity: { critical: 0, high: 0, medium: 0, low: 0, info: 0 },
      openByRuleType: {},
      recent: [],
    });
  });

  it('are counted again after each transition', async () => {
    const organization = await anOrganization(context.database);
    const [id] = await someAlerts(context.database, organization, [{ severity: 'high' }, {}]);
    await instances.transition(organization, id!, 'acknowledge', newId());
    expect(await instances.summary(organization)).toMatchObject({
      byStatus: { open: 1, acknowledged: 1 },
      bySeverity: { high: 1, low: 1 },
      openBySeverity: { high: 0, low: 1 },
    });
    await instances.transition(organization, id!, 'resolve', newId());
    const { total } = await instances.list(organization, { status: 'resolved', severity: 'high' }, { limit: 1 });
    expect(total).toBe(1);
  });
});
