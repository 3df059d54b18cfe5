import { newId } from '../../src/common/ids.js';
import { Transactions } from '../../src/database/index.js';
import { WebhookEndpointsService, WebhookOutbox, WebhooksModule } from '../../src/webhooks/index.js';
import { anOrganization } from '../support/factories.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';
import { anEndpoint, anEvent, deliveriesTo, enqueue } from '../support/webhook-factories.js';

const URL = 'http://hooks.internal/';

describe('the webhook outbox', () => {
  let context: TestContext;
  let organizationId: string;

  beforeAll(async () => {
    context = await startTestModule([WebhooksModule.register()], {
      environment: { VEDETTE_WEBHOOK_ALLOWED_HOSTS: ['hooks.internal'] },
    });
  });
  afterAll(() => context.close());
  beforeEach(async () => {
    organizationId = await anOrganization(context.database);
  });

  it('stores nothing from a transaction that rolls back', async () => {
    const { endpoint } = await anEndpoint(context, organizationId, { url: URL });
    const attempt = context.module.get(Transactions).run(async (manager) => {
      expect(await context.module.get(WebhookOutbox).enqueue(manager, [anEvent(organizationId)])).toBe(1);
      throw new Error('changed my mind');
    });

    await expect(attempt).rejects.toThrow('changed my mind');
    expect(await deliveriesTo(context, endpoint.id)).toEqual([]);
  });

  it('stores an event once, as the exact text to send', async () => {
    const { endpoint } = await anEndpoint(context, organizationId, { url: URL });
    const event = anEvent(organizationId, { alertId: newId(), data: { title: 'nul \0, "quotes", \\, 🐎' } });

    expect(await enqueue(context, event)).toBe(1);
    expect(await enqueue(context, event)).toBe(0);

    expect(await deliveriesTo(context, endpoint.id)).toMatchObject([
      {
        event_id: event.eventId,
        event_type: 'alert.fired',
        alert_id: event.alertId,
        status: 'pending',
        attempt_count: 0,
        next_attempt_at: NOW,
        body: JSON.stringify({ type: 'alert.fired', timestamp: NOW.toISOString(), data: event.data }),
      },
    ]);
  });

  it('sends one copy to an endpoint that is both subscribed and direct', async () => {
    const both = await anEndpoint(context, organizationId, { url: URL });
    const subscribed = await anEndpoint(context, organizationId, { url: URL });
    const directOnly = await anEndpoint(context, organizationId, { url: URL, events: [] });

    expect(await enqueue(context, anEvent(organizationId, { directEndpointId: both.endpoint.id }))).toBe(2);
    expect(await enqueue(context, anEvent(organizationId, { directEndpointId: directOnly.endpoint.id }))).toBe(3);
    expect(await deliveriesTo(context, both.endpoint.id)).toHaveLength(2);
    expect(await deliveriesTo(context, subscribed.endpoint.id)).toHaveLength(2);
    expect(await deliveriesTo(context, directOnly.endpoint.id)).toHaveLength(1);
  });

  it('enqueues nothing for another organisation or a disabled endpoint', async () => {
    const stranger = await anOrganization(context.database);
    const theirs = await anEndpoint(context, stranger, { url: URL });
    const disabled = await anEndpoint(context, organizationId, { url: URL, isEnabled: false });

    expect(await enqueue(context, anEvent(organizationId, { directEndpointId: theirs.endpoint.id }))).toBe(0);
    expect(await enqueue(context, anEvent(organizationId, { directEndpointId: disabled.endpoint.id }))).toBe(0);
    expect(await deliveriesTo(context, theirs.endpoint.id)).toEqual([]);
  });

  it('enqueues each event of a batch only for its own organisation', async () => {
    const other = await anOrganization(context.database);
    const ours = await anEndpoint(context, organizationId, { url: URL });
    const theirs = await anEndpoint(context, other, { url: URL });
    const events = [anEvent(organizationId), anEvent(other), anEvent(other)];

    expect(await enqueue(context, ...events)).toBe(3);
    expect(await deliveriesTo(context, ours.endpoint.id)).toMatchObject([{ event_id: events[0]?.eventId }]);
    expect(await deliveriesTo(context, theirs.endpoint.id)).toHaveLength(2);
    expect(await enqueue(context)).toBe(0);
  });

  it('deletes the deliveries with their endpoint', async () => {
    const { endpoint } = await anEndpoint(context, organizationId, { url: URL });
    await enqueue(context, anEvent(organizationId));

    await context.module.get(WebhookEndpointsService).delete(organizationId, endpoint.id);

    expect(await deliveriesTo(context, endpoint.id)).toEqual([]);
  });
});
