import { Webhook } from 'standardwebhooks';
import { createTestDatabase, type TestDatabase } from '../support/databases.js';
import { eventually, VedetteProcess } from '../support/vedette-process.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

/**
 * The receiver gets the first attempt and never answers. The process is killed after the commit, before the delivery is
 * complete. The next process must deliver again with the same `webhook-id`.
 */
describe('kill -9 between the commit and the delivery', () => {
  let database: TestDatabase;
  let receiver: WebhookReceiver;
  let vedette: VedetteProcess;
  let env: Record<string, string>;

  beforeAll(async () => {
    database = await createTestDatabase();
    receiver = await startWebhookReceiver();
    env = { DATABASE_URL: database.url, VEDETTE_WEBHOOK_ALLOWED_HOSTS: receiver.host };
    vedette = await VedetteProcess.start(env);
  });

  afterAll(async () => {
    await vedette?.kill();
    await receiver?.close();
    await database?.drop();
  });

  it('delivers after the restart with the same id', async () => {
    const token = await vedette.signIn();
    const { secret, id: webhookId } = await vedette.api('POST', '/webhooks', {
      token,
      body: { name: 'SOC', url: receiver.url('/hangs'), events: ['alert.fired'] },
    });
    receiver.answer('/hangs', () => {});
    const { id: ruleId } = await vedette.api('POST', '/rules', {
      token,
      body: { name: 'Any orphan', rule_type: 'orphan_spike', severity: 'high', config: { min_orphan_count: 1 } },
    });
    // The requested evaluation opens the alert, or the one that the new rule starts.
    await vedette.api('POST', '/evaluations', { token });
    const { items: alerts } = await vedette.api('GET', `/instances?rule_id=${ruleId}`, { token });
    expect(alerts).toHaveLength(1);

    const [first] = await receiver.received('/hangs', 1);
    await vedette.kill();
    expect(await database.query('SELECT status, attempt_count FROM webhook_delivery')).toEqual([
      { status: 'pending', attempt_count: expect.any(Number) },
    ]);

    // The lease of the killed process would expire after a minute; the test does not wait for it.
    await database.query(
      `UPDATE webhook_delivery SET locked_until = now() - interval '1 second' WHERE locked_until IS NOT NULL`,
    );
    vedette = await VedetteProcess.start(env);
    const requests = await receiver.received('/hangs', 2);

    expect(new Set(requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(new Set(requests.map(({ body }) => body))).toEqual(new Set([first!.body]));
    for (const { body, headers } of requests) {
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
        data: { alert_id: alerts[0].id },
      });
    }
    await eventually(async () => {
      const { items } = await vedette.api('GET', `/webhooks/${webhookId}/deliveries`, { token });
      return items.length === 1 && items[0].status === 'delivered';
    }, 'the delivery log says delivered');
  });

  it('loses nothing when it is killed during a burst of changes', async () => {
    const token = await vedette.signIn();
    await vedette.api('POST', '/webhooks', {
      token,
      body: { name: 'burst', url: receiver.url('/burst'), events: ['alert.fired'] },
    });
    const rules: string[] = [];
    for (let index = 0; index < 20; index++) {
      const rule = await vedette.api('POST', '/rules', {
        token,
        body: {
          name: `Rule ${index}`,
          rule_type: 'high_risk',
          severity: 'low',
          config: { min_risk_score: index + 1 },
          cooldown_hours: 1000,
        },
      });
      rules.push(rule.id);
    }
    for (let score = 1; score <= 20; score++) {
      const push = vedette
        .request('PUT', '/api/v1/posture', { token, body: { items: [{ attack_id: 'T1059', risk_score: score }] } })
        .then((answer) => answer.status === 200)
        .catch(() => false);
      if (score % 7 === 0) {
        await vedette.kill();
        await push;
        vedette = await VedetteProcess.start(env);
      } else {
        await push;
      }
    }
    await vedette.api('PUT', '/posture', { token, body: { items: [{ attack_id: 'T1059', risk_score: 20 }] } });

    await eventually(async () => {
      const rows = await database.query<{ rule_id: string }>(
        'SELECT rule_id FROM alert_instance WHERE rule_id = ANY ($1::uuid[])',
        [rules],
      );
      return rows.length >= rules.length;
    }, 'every rule fired');
    await database.query(
      `UPDATE webhook_delivery SET locked_until = now() - interval '1 second' WHERE locked_until IS NOT NULL`,
    );
    const ids = await eventuallyDelivered();
    expect(ids.size).toBe(rules.length);
    expect(await database.query('SELECT rule_id FROM alert_instance GROUP BY rule_id HAVING count(*) > 1')).toEqual([]);
    expect(
      await database.query('SELECT alert_id, user_id FROM notification GROUP BY alert_id, user_id HAVING count(*) > 1'),
    ).toEqual([]);

    async function eventuallyDelivered(): Promise<Set<unknown>> {
      const delivered = (): Set<unknown> =>
        new Set(receiver.requests.filter(({ path }) => path === '/burst').map(({ headers }) => headers['webhook-id']));
      await eventually(() => delivered().size >= rules.length, 'every alert reached the receiver');
      return delivered();
    }
  });
});
