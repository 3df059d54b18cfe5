import { SEVERITIES, type Severity } from '../../src/common/alerting.js';
import { WebhooksModule, type EndpointInput, type OutboxEvent } from '../../src/webhooks/index.js';
import { anOrganization } from '../support/factories.js';
import { startTestModule, type TestContext } from '../support/test-module.js';
import { anEndpoint, anEvent, deliveriesTo, enqueue } from '../support/webhook-factories.js';

const URL = 'http://hooks.internal/';

describe('what a webhook endpoint is told of', () => {
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

  async function told(input: Partial<EndpointInput>, ...events: Partial<OutboxEvent>[]): Promise<string[]> {
    const { endpoint } = await anEndpoint(context, organizationId, { url: URL, ...input });
    await enqueue(context, ...events.map((event) => anEvent(organizationId, event)));
    return (await deliveriesTo(context, endpoint.id)).map(({ event_id }) => event_id);
  }

  it.each([
    [null, ['critical', 'high', 'medium', 'low', 'info']],
    ['info', ['critical', 'high', 'medium', 'low', 'info']],
    ['medium', ['critical', 'high', 'medium']],
    ['critical', ['critical']],
  ] as [Severity | null, Severity[]][])('is of severity %s or above: %j', async (minSeverity, passing) => {
    const events = SEVERITIES.map((severity) => anEvent(organizationId, { severity }));
    const ids = await told({ minSeverity }, ...events);

    expect(ids.sort()).toEqual(
      events
        .filter(({ severity }) => passing.includes(severity!))
        .map(({ eventId }) => eventId)
        .sort(),
    );
  });

  it('is of the rule types that it names, or of any', async () => {
    const types = ['high_risk', 'low_coverage', 'orphan_spike'];
    const events = types.map((ruleType) => anEvent(organizationId, { ruleType }));

    expect(await told({ ruleTypes: ['high_risk', 'orphan_spike'] }, ...events)).toHaveLength(2);
    organizationId = await anOrganization(context.database);
    expect(await told({ ruleTypes: [] }, ...types.map((ruleType) => ({ ruleType })))).toHaveLength(3);
  });

  it('is of the events that it subscribes to, each of them', async () => {
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

  it('is everything of a rule whose own it is, past its filters, once', async () => {
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

  it('is what has no severity, whatever its filters', async () => {
    expect(
      await told(
        { minSeverity: 'critical', ruleTypes: ['high_risk'], events: ['webhook.disabled'] },
        { type: 'webhook.disabled' },
      ),
    ).toHaveLength(1);
  });
});
