import { newId } from '../../src/common/ids.js';
import type { AttemptResult, DeliveryLease } from '../../src/webhooks/attempts/delivery-lease.js';
import { DeliveryStore } from '../../src/webhooks/delivery/delivery-store.js';
import { WebhookEndpointsService, WebhooksModule } from '../../src/webhooks/index.js';
import { anOrganization } from '../support/factories.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';
import { anEndpoint, anEvent, attemptsTo, deliveriesTo, enqueue } from '../support/webhook-factories.js';

const URL = 'http://hooks.internal/';
const LEASE_MS = 60_000;
const HOLD_MS = 60_000;

describe('the webhook queue', () => {
  let context: TestContext;
  let store: DeliveryStore;
  let organizationId: string;

  beforeAll(async () => {
    context = await startTestModule([WebhooksModule.register()], {
      environment: { VEDETTE_WEBHOOK_ALLOWED_HOSTS: ['hooks.internal'] },
    });
    store = context.module.get(DeliveryStore);
  });
  afterAll(() => context.close());
  beforeEach(async () => {
    await context.database.query('DELETE FROM webhook_delivery');
    organizationId = await anOrganization(context.database);
  });

  const claim = (now = NOW, limit = 100) => store.claim({ now, limit, leaseMs: LEASE_MS, holdMs: HOLD_MS });

  const delivered = (lease: DeliveryLease): AttemptResult => ({
    lease,
    startedAt: NOW,
    finishedAt: NOW,
    durationMs: 1,
    statusCode: 204,
    error: null,
    responseBody: '',
    request: null,
    pauseUntil: null,
    next: { status: 'delivered' },
  });

  const failed = (lease: DeliveryLease): AttemptResult => ({
    ...delivered(lease),
    statusCode: 500,
    error: 'answered 500',
    next: { status: 'pending', nextAttemptAt: new Date(NOW.getTime() + 5_000) },
  });

  it('gives each of 5,000 rows to only one of 8 workers', async () => {
    await anEndpoint(context, organizationId, { url: URL });
    await enqueue(context, ...Array.from({ length: 5_000 }, () => anEvent(organizationId)));

    const claimAll = async (): Promise<string[]> => {
      const ids: string[] = [];
      for (;;) {
        const { leases } = await claim(NOW, 50);
        if (leases.length === 0) return ids;
        ids.push(...leases.map(({ id }) => id));
      }
    };
    const claimed = (await Promise.all(Array.from({ length: 8 }, claimAll))).flat();

    expect(claimed).toHaveLength(5_000);
    expect(new Set(claimed).size).toBe(5_000);
  });

  it('gives an expired lease to another worker, and ignores the late result', async () => {
    const { endpoint } = await anEndpoint(context, organizationId, { url: URL });
    await enqueue(context, anEvent(organizationId));
    const [late] = (await claim()).leases as [DeliveryLease];
    expect((await claim(new Date(NOW.getTime() + LEASE_MS))).leases).toEqual([]);
    const [current] = (await claim(new Date(NOW.getTime() + LEASE_MS + 1))).leases as [DeliveryLease];
    expect(current.id).toBe(late.id);

    const unchanged = await Promise.all([store.finish([failed(late)]), store.finish([delivered(current)])]);

    expect(unchanged).toEqual([[late.id], []]);
    expect(await deliveriesTo(context, endpoint.id)).toMatchObject([
      { status: 'delivered', attempt_count: 1, lock_token: null, completed_at: NOW },
    ]);
    expect((await attemptsTo(context, endpoint.id)).map(({ status_code }) => status_code).sort()).toEqual([204, 500]);
    expect(await store.finish([failed(current)])).toEqual([current.id]);
  });

  it('writes several outcomes in one batch', async () => {
    const { endpoint } = await anEndpoint(context, organizationId, { url: URL });
    await enqueue(context, anEvent(organizationId), anEvent(organizationId));
    const [first, second] = (await claim()).leases as [DeliveryLease, DeliveryLease];

    expect(await store.finish([delivered(first), failed(second)])).toEqual([]);

    const rows = await deliveriesTo(context, endpoint.id);
    expect(rows.find(({ id }) => id === first.id)).toMatchObject({
      status: 'delivered',
      last_status_code: 204,
      last_error: null,
    });
    expect(rows.find(({ id }) => id === second.id)).toMatchObject({
      status: 'pending',
      last_status_code: 500,
      last_error: 'answered 500',
      next_attempt_at: new Date(NOW.getTime() + 5_000),
      locked_until: null,
    });
  });

  it('ignores the outcome of a deleted delivery, and writes the others', async () => {
    const deletedEndpoint = await anEndpoint(context, organizationId, { url: URL });
    const kept = await anEndpoint(context, organizationId, { url: URL });
    await enqueue(context, anEvent(organizationId));
    const { leases } = await claim();
    await context.module.get(WebhookEndpointsService).delete(organizationId, deletedEndpoint.endpoint.id);

    const deletedIds = leases
      .filter(({ endpointId }) => endpointId === deletedEndpoint.endpoint.id)
      .map(({ id }) => id);
    expect(deletedIds).toHaveLength(1);
    expect(await store.finish(leases.map(delivered))).toEqual(deletedIds);
    expect(await deliveriesTo(context, kept.endpoint.id)).toMatchObject([{ status: 'delivered' }]);
  });

  it('leaves no attempt without its delivery if deliveries are deleted during a write', async () => {
    const logged = async (): Promise<{ of_deliveries: number; alone: number }> => {
      const [counts] = await context.database.query<{ of_deliveries: number; alone: number }>(
        `SELECT count(d.id)::integer AS of_deliveries, (count(*) - count(d.id))::integer AS alone
         FROM webhook_attempt a LEFT JOIN webhook_delivery d ON d.organization_id = a.organization_id AND d.id = a.delivery_id WHERE a.organization_id = $1`,
        [organizationId],
      );
      return counts!;
    };
    const endpoint = await anEndpoint(context, organizationId, { url: URL });
    await enqueue(context, ...Array.from({ length: 80 }, () => anEvent(organizationId)));
    const { leases } = await claim();
    const [deleted, others] = [leases.slice(0, 40), leases.slice(40)];
    const deleting = async (): Promise<void> => {
      for (const { id } of deleted) await context.database.query('DELETE FROM webhook_delivery WHERE id = $1', [id]);
    };
    await Promise.all([deleting(), ...deleted.toReversed().map((lease) => store.finish([delivered(lease)]))]);
    await store.finish(others.map(delivered));

    expect(await logged()).toEqual({ of_deliveries: 40, alone: 0 });
    await context.module.get(WebhookEndpointsService).delete(organizationId, endpoint.endpoint.id);
    expect(await logged()).toEqual({ of_deliveries: 0, alone: 0 });
  });

  it('returns the right endpoint and event for each lease of a claim', async () => {
    const other = await anOrganization(context.database);
    const [first, second, foreign] = [
      await anEndpoint(context, organizationId, { url: `${URL}first` }),
      await anEndpoint(context, organizationId, { url: `${URL}second`, format: 'cloudevents' }),
      await anEndpoint(context, other, { url: `${URL}foreign` }),
    ];
    const shared = newId();
    const titled = (organization: string, title: string, eventId = newId()) =>
      anEvent(organization, { eventId, data: { title } });
    await enqueue(
      context,
      titled(organizationId, 'one', shared),
      titled(organizationId, 'two'),
      // Two events never have the same id; if they did, each organisation would still get its own.
      titled(other, 'three', shared),
    );

    const { leases } = await claim();

    const titleOf = (lease: DeliveryLease): string =>
      (JSON.parse(lease.body) as { data: { title: string } }).data.title;
    expect(leases.map((lease) => [lease.endpointId, lease.endpoint.format, titleOf(lease)]).sort()).toEqual(
      [
        [first.endpoint.id, 'standard', 'one'],
        [first.endpoint.id, 'standard', 'two'],
        [second.endpoint.id, 'cloudevents', 'one'],
        [second.endpoint.id, 'cloudevents', 'two'],
        [foreign.endpoint.id, 'standard', 'three'],
      ].sort(),
    );
    const sealed = new Map(leases.map(({ endpointId, endpoint }) => [endpointId, endpoint.url]));
    expect(new Set(sealed.values()).size).toBe(3);
  });

  it('gives back only its own leases, which can be claimed at once', async () => {
    await anEndpoint(context, organizationId, { url: URL });
    await enqueue(context, anEvent(organizationId));
    const { leases } = await claim();

    expect(await store.giveBack(leases.map((lease) => ({ ...lease, lockToken: newId() })))).toBe(0);
    expect((await claim()).leases).toEqual([]);
    expect(await store.giveBack(leases)).toBe(1);
    expect((await claim()).leases).toMatchObject([{ id: leases[0]?.id, attempt: 1 }]);
  });

  it('postpones rows of a disabled endpoint without counting an attempt', async () => {
    const { endpoint } = await anEndpoint(context, organizationId, { url: URL });
    await enqueue(context, anEvent(organizationId));
    const endpoints = context.module.get(WebhookEndpointsService);
    await endpoints.update(organizationId, endpoint.id, { isEnabled: false });

    expect(await claim()).toEqual({ leases: [], found: 1, heldEndpoints: [endpoint.id], takenOver: 0 });
    expect(await claim()).toEqual({ leases: [], found: 0, heldEndpoints: [], takenOver: 0 });
    expect(await deliveriesTo(context, endpoint.id)).toMatchObject([
      { status: 'pending', attempt_count: 0, next_attempt_at: new Date(NOW.getTime() + HOLD_MS), lock_token: null },
    ]);

    await endpoints.update(organizationId, endpoint.id, { isEnabled: true });
    expect((await claim(new Date(NOW.getTime() + HOLD_MS))).leases).toHaveLength(1);
  });

  it('postpones a whole backlog at once, but not if the endpoint became healthy', async () => {
    const disabled = await anEndpoint(context, organizationId, { url: URL });
    const healthy = await anEndpoint(context, organizationId, { url: URL });
    await enqueue(context, ...Array.from({ length: 30 }, () => anEvent(organizationId)));
    const endpoints = context.module.get(WebhookEndpointsService);
    await endpoints.update(organizationId, disabled.endpoint.id, { isEnabled: false });

    await store.postpone([disabled.endpoint.id, healthy.endpoint.id], NOW, HOLD_MS);

    const held = await deliveriesTo(context, disabled.endpoint.id);
    expect(held.filter(({ held_reason: reason }) => reason === 'disabled')).toHaveLength(30);
    const { leases, found } = await claim();
    expect(found).toBe(leases.length);
    expect(leases.every(({ endpointId }) => endpointId === healthy.endpoint.id)).toBe(true);

    // As if a claim postponed them before it saw that the endpoint is enabled.
    await context.database.query('UPDATE webhook_endpoint SET is_enabled = true WHERE id = $1', [disabled.endpoint.id]);
    await store.postpone([disabled.endpoint.id], NOW, HOLD_MS);
    expect((await deliveriesTo(context, disabled.endpoint.id)).filter((row) => row.held_reason)).toEqual([]);
  });

  it('skips the named endpoints', async () => {
    const slow = await anEndpoint(context, organizationId, { url: URL });
    const fast = await anEndpoint(context, organizationId, { url: URL });
    await enqueue(context, anEvent(organizationId));

    const { leases } = await store.claim({
      now: NOW,
      limit: 100,
      leaseMs: LEASE_MS,
      holdMs: HOLD_MS,
      exceptEndpoints: [slow.endpoint.id],
    });

    expect(leases.map(({ endpointId }) => endpointId)).toEqual([fast.endpoint.id]);
  });
});
