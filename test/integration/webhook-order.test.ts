import { newId } from '../../src/common/ids.js';
import { WebhookEndpointsService } from '../../src/webhooks/index.js';
import { anEndpoint, anEvent, deliveriesTo, enqueue } from '../support/webhook-factories.js';
import { startWebhookWorld, type WebhookWorld } from '../support/webhook-world.js';

describe('webhooks in order', () => {
  let world: WebhookWorld;
  let receiver: WebhookWorld['receiver'];
  let context: WebhookWorld['context'];
  let worker: WebhookWorld['worker'];
  let organizationId: string;
  let path: string;

  beforeAll(async () => {
    world = await startWebhookWorld();
    ({ receiver, context, worker } = world);
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    ({ organizationId, path } = await world.fresh());
  });

  const EVENTS = ['alert.fired', 'alert.acknowledged', 'alert.resolved'] as const;
  const enqueueEvent = (alertId: string, sequence: 1 | 2 | 3): Promise<number> =>
    enqueue(
      context,
      anEvent(organizationId, {
        type: EVENTS[sequence - 1]!,
        alertId,
        sequence,
        data: { alert_id: alertId, sequence },
      }),
    );
  const received = (): [string, number][] =>
    receiver.requests
      .filter((request) => request.path === path)
      .map(({ body }) => (JSON.parse(body) as { data: { alert_id: string; sequence: number } }).data)
      .map(({ alert_id: id, sequence }) => [id, sequence]);

  async function anOrderedEndpoint(isOrdered = true): Promise<string> {
    const { endpoint } = await anEndpoint(context, organizationId, {
      url: receiver.url(path),
      events: [...EVENTS],
      isOrdered,
    });
    return endpoint.id;
  }

  it('delays later events of an alert during retries of an earlier one, but not other alerts', async () => {
    const id = await anOrderedEndpoint();
    const [late, other] = [newId(), newId()];
    receiver.answer(path, { status: 500 });
    await enqueueEvent(late, 1);
    await worker.drain();

    await enqueueEvent(late, 2);
    await enqueueEvent(late, 3);
    await enqueueEvent(other, 1);
    await enqueueEvent(other, 2);
    await worker.drain();
    expect(received()).toEqual([
      [late, 1],
      [other, 1],
      [other, 2],
    ]);

    context.clock.advanceMs(6_000);
    await worker.drain();
    expect(received().slice(3)).toEqual([
      [late, 1],
      [late, 2],
      [late, 3],
    ]);
    expect((await deliveriesTo(context, id)).every(({ status }) => status === 'delivered')).toBe(true);
  });

  it('continues after a failed event', async () => {
    await anOrderedEndpoint();
    const alertId = newId();
    receiver.answer(path, { status: 404 }, { status: 404 }, { status: 404 });
    await enqueueEvent(alertId, 1);
    await enqueueEvent(alertId, 2);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      await worker.drain();
      context.clock.advanceMs(6 * 60_000);
    }

    expect(received()).toEqual([
      [alertId, 1],
      [alertId, 1],
      [alertId, 1],
      [alertId, 2],
    ]);
  });

  it('sends the events of many alerts in order, even at a high rate', async () => {
    await anOrderedEndpoint();
    const alerts = Array.from({ length: 40 }, () => newId());
    for (const sequence of [3, 1, 2] as const) for (const alertId of alerts) await enqueueEvent(alertId, sequence);
    await worker.drain();

    for (const alertId of alerts) {
      expect(received().filter(([id]) => id === alertId)).toEqual([1, 2, 3].map((sequence) => [alertId, sequence]));
    }
  });

  it('does not keep the order for other endpoints', async () => {
    const id = await anOrderedEndpoint(false);
    const alertId = newId();
    receiver.answer(path, { status: 500 });
    await enqueueEvent(alertId, 1);
    await worker.drain();
    await enqueueEvent(alertId, 2);
    await worker.drain();

    expect(received()).toEqual([
      [alertId, 1],
      [alertId, 2],
    ]);
    await context.module.get(WebhookEndpointsService).update(organizationId, id, { isOrdered: true });
  });
});
