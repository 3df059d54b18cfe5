import { SEVERITIES, type Severity } from '../../src/common/alerting.js';
import { WebhooksModule, type EndpointInput, type OutboxEvent } from '../../src/webhooks/index.js';
import { anOrganization } from '../support/factories.js';
import { startTestModule, type TestContext } from '../support/test-module.js';
import { anEndpoint, anEvent, deliveriesTo, enqueue } from '../support/webhook-factories.js';

const URL = 'http://hooks.internal/';

describe('the events that a webhook endpoint receives', () => {
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

  async function receivedEvents(input: Partial<EndpointInput>, ...events: Partial<OutboxEvent>[]): Promise<string[]> {
    const { endpoint } = await anEndpoint(context, organizationId, { url: URL, ...input });
    await enqueue(context, ...events.map((event) => anEvent(organizationId, event)));
    return (await deliveriesTo(context, endpoint.id)).map(({ event_id }) => event_id);
  }

  it.each([
    [null, ['critical', 'high', 'medium', 'low', 'info']],
    ['info', ['critical', 'high', 'medium', 'low', 'info']],
    ['medium', ['critical', 'high', 'medium']],
    ['critical', ['critical']],
  ] as [Severity | null, Severity[]][])('have severity %s or above: %j', async (minSeverity, passing) => {
    const events = SEVERITIES.map((severity) => anEvent(organizationId, { severity }));
    const ids = await receivedEvents({ minSeverity }, ...events);

    expect(ids.sort()).toEqual(
      events
        .filter(({ severity }) => passing.includes(severity!))
        .map(({ eventId }) => eventId)
        .sort(),
    );
  });

  it('have one of its rule types, or any if it names none', async () => {
    const types = ['high_risk', 'low_coverage', 'orphan_spike'];
    const events = types.map((ruleType) => anEvent(organizationId, { ruleType }));

    expect(await receivedEvents({ ruleTypes: ['high_risk', 'orphan_spike'] }, ...events)).toHaveLength(2);
    organizationId = await anOrganization(context.database);
    expect(await receivedEvents({ ruleTypes: [] }, ...types.map((ruleType) => ({ ruleType })))).toHaveLength(3);
  });

  it('have a subscribed type', async () => {
    const types = ['alert.fired', 'alert.acknowledged', 'alert.resolved', 'alert.dismissed', 'rule.failing'] as const;
    const events = types.map((type) => anEvent(organizationId, { type }));
    const { endpoint } = await anEndpoint(context, organizationId, {
      url: URL,
      events: ['alert.resolved', 'rule.failing'],
    });
    await enqueue(context, ...events);

    const bodies = (await deliveriesTo(context, endpoint.id)).map(({ body }) => (JSON.parse(body) as OutboxEvent).type);
    expect(bodies.sort()).toEqual(['alert.resolved', 'rule.failing']);
  });

  it('include all events of a rule with this direct endpoint, despite its filters, once each', async () => {
    const { endpoint } = await anEndpoint(context, organizationId, {
      url: URL,
      minSeverity: 'critical',
      ruleTypes: ['orphan_spike'],
    });
    await enqueue(
      context,
      anEvent(organizationId, { severity: 'info', ruleType: 'high_risk', directEndpointId: endpoint.id }),
      anEvent(organizationId, { severity: 'critical', ruleType: 'orphan_spike', directEndpointId: endpoint.id }),
      anEvent(organizationId, { severity: 'info', ruleType: 'high_risk' }),
    );

    expect(await deliveriesTo(context, endpoint.id)).toHaveLength(2);
  });

  it('include events without a severity, despite its filters', async () => {
    expect(
      await receivedEvents(
        { minSeverity: 'critical', ruleTypes: ['high_risk'], events: ['webhook.disabled'] },
        { type: 'webhook.disabled' },
      ),
    ).toHaveLength(1);
  });
});
