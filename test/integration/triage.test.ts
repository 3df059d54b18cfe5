import { AuthModule } from '../../src/auth/index.js';
import { newId } from '../../src/common/ids.js';
import { InstancesModule } from '../../src/instances/index.js';
import { NotificationsModule } from '../../src/notifications/index.js';
import { WebhooksModule } from '../../src/webhooks/index.js';
import { aSignedInMember, anApiKey } from '../support/auth-factories.js';
import { anOrganization } from '../support/factories.js';
import { startTestHttp, type Answer, type TestHttp } from '../support/http.js';
import { NOW } from '../support/test-module.js';
import { anEndpoint, deliveriesTo } from '../support/webhook-factories.js';

const STATUSES = ['open', 'acknowledged', 'resolved', 'dismissed'] as const;
type Action = 'acknowledge' | 'resolve' | 'dismiss';

/** The statuses that allow each action, by the product description. */
const FROM: Record<Action, readonly string[]> = {
  acknowledge: ['open'],
  resolve: ['open', 'acknowledged', 'dismissed'],
  dismiss: ['open', 'acknowledged'],
};
const TO: Record<Action, string> = { acknowledge: 'acknowledged', resolve: 'resolved', dismiss: 'dismissed' };

let http: TestHttp;
let organizationId: string;
let token: string;
let userId: string;

beforeAll(async () => {
  http = await startTestHttp([AuthModule, InstancesModule, NotificationsModule, WebhooksModule.register()]);
});

afterAll(async () => {
  await http.close();
});

beforeEach(async () => {
  organizationId = await anOrganization(http.database);
  ({ token, userId } = await aSignedInMember(http, organizationId, 'blue_lead'));
});

const call = (method: string, path: string, as = token): Promise<Answer> =>
  http.request(method, `/api/v1${path}`, { token: as });

async function anAlert({
  status = 'open',
  severity = 'high',
  ruleType = 'high_risk',
  createdAt = NOW,
} = {}): Promise<string> {
  const id = newId();
  await http.database.query(
    `INSERT INTO alert_instance (id, organization_id, rule_id, rule_name, rule_type, severity, title, message, details, status, last_occurred_at, created_at)
     VALUES ($1, $2, $3, 'Rule', $4, $5, 'Title', 'Message', '{"count": 3}', $6, $7, $7)`,
    [id, organizationId, newId(), ruleType, severity, status, createdAt],
  );
  return id;
}

async function aNotice(toUserId: string, { readAt = null as Date | null, createdAt = NOW } = {}): Promise<string> {
  const id = newId();
  await http.database.query(
    `INSERT INTO notification (id, organization_id, user_id, event, severity, title, message, created_at, read_at)
     VALUES ($1, $2, $3, 'alert.fired', 'high', 'Title', 'Message', $4, $5)`,
    [id, organizationId, toUserId, createdAt, readAt],
  );
  return id;
}

describe('the lifecycle of an alert', () => {
  const cases = (Object.keys(FROM) as Action[]).flatMap((action) =>
    STATUSES.map((status) => [action, status] as const),
  );

  it.each(cases)('%s from %s', async (action, status) => {
    const id = await anAlert({ status });
    const answer = await call('POST', `/instances/${id}/${action}`);
    if (FROM[action].includes(status)) {
      expect(answer).toMatchObject({
        status: 200,
        body: {
          id,
          status: TO[action],
          [`${TO[action]}_by`]: userId,
          [`${TO[action]}_at`]: http.clock.now().toISOString(),
        },
      });
    } else {
      expect(answer).toMatchObject({
        status: 409,
        body: { code: 'invalid_transition', current_status: status, detail: expect.stringContaining(status) },
      });
      expect((await call('GET', `/instances/${id}`)).body).toMatchObject({ status });
    }
  });

  it('lets one of several concurrent actions succeed, and reports the status to the others', async () => {
    const id = await anAlert();
    const answers = await Promise.all(Array.from({ length: 10 }, () => call('POST', `/instances/${id}/acknowledge`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 9 }, () => 409)]);
    expect(
      answers.filter(({ status }) => status === 409).every(({ body }) => body.current_status === 'acknowledged'),
    ).toBe(true);
  });

  it('records the API key that acted', async () => {
    const { id: keyId, key } = await anApiKey(http, organizationId, { role: 'analyst' });
    const answer = await call('POST', `/instances/${await anAlert()}/acknowledge`, key);
    expect(answer.body.acknowledged_by).toBe(keyId);
  });
});

describe('the summary', () => {
  it('counts alerts by status, all and open ones by severity and type, and shows the five newest open ones', async () => {
    for (let index = 0; index < 7; index++) {
      await anAlert({ severity: index < 2 ? 'critical' : 'low', createdAt: new Date(NOW.getTime() + index) });
    }
    await anAlert({ ruleType: 'low_coverage' });
    await anAlert({ status: 'acknowledged', severity: 'critical' });
    await anAlert({ status: 'resolved' });
    await anAlert({ status: 'resolved' });
    await anAlert({ status: 'dismissed' });
    const { body } = await call('GET', '/instances/summary');
    expect(body).toMatchObject({
      total_open: 8,
      total_acknowledged: 1,
      total_resolved: 2,
      total_dismissed: 1,
      by_severity: { critical: 3, high: 4, medium: 0, low: 5, info: 0 },
      by_rule_type: { high_risk: 11, low_coverage: 1 },
      open_by_severity: { critical: 2, high: 1, medium: 0, low: 5, info: 0 },
      open_by_rule_type: { high_risk: 7, low_coverage: 1 },
    });
    expect(body.recent_alerts.map((alert: { created_at: string }) => alert.created_at)).toEqual(
      [6, 5, 4, 3, 2].map((index) => new Date(NOW.getTime() + index).toISOString()),
    );
  });

  it('is all zeros without alerts', async () => {
    expect((await call('GET', '/instances/summary')).body).toMatchObject({
      total_open: 0,
      by_rule_type: {},
      open_by_rule_type: {},
      recent_alerts: [],
    });
  });
});

describe('the inbox', () => {
  it('lists the notifications of one person, newest first, with the number of unread ones', async () => {
    const other = await aSignedInMember(http, organizationId, 'red_lead');
    const old = await aNotice(userId, { createdAt: new Date(NOW.getTime() - 1), readAt: NOW });
    const recent = await aNotice(userId);
    const theirs = await aNotice(other.userId);

    const { items, total } = (await call('GET', '/notifications')).body;
    expect(total).toBe(2);
    expect(items.map((notice: { id: string; is_read: boolean }) => [notice.id, notice.is_read])).toEqual([
      [recent, false],
      [old, true],
    ]);
    expect((await call('GET', '/notifications?unread_only=true')).body.items).toHaveLength(1);
    expect((await call('GET', '/notifications/unread-count')).body).toEqual({ unread: 1 });
    expect((await call('POST', `/notifications/${theirs}/read`)).status).toBe(404);
    expect((await call('GET', '/notifications/unread-count', other.token)).body).toEqual({ unread: 1 });
  });

  it('keeps the time of the first read, and marks all as read in one call', async () => {
    const id = await aNotice(userId);
    await aNotice(userId);
    const first = (await call('POST', `/notifications/${id}/read`)).body;
    http.clock.advanceMs(60_000);
    expect((await call('POST', `/notifications/${id}/read`)).body).toEqual(first);
    expect((await call('POST', '/notifications/read-all')).body).toEqual({ marked: 1 });
    expect((await call('GET', '/notifications/unread-count')).body).toEqual({ unread: 0 });
  });

  it('is refused to an API key', async () => {
    const { key } = await anApiKey(http, organizationId, { role: 'admin' });
    expect(await call('GET', '/notifications', key)).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('API key') },
    });
  });
});

describe('the webhook events of an alert', () => {
  it.each([
    ['acknowledge', 'acknowledged'],
    ['resolve', 'resolved'],
    ['dismiss', 'dismissed'],
  ])(
    '%s: contain the alert after the change, its number and its actor, in the same transaction',
    async (action, status) => {
      const { endpoint } = await anEndpoint(http, organizationId, {
        url: 'https://receiver.invalid/',
        events: ['alert.acknowledged', 'alert.resolved', 'alert.dismissed'],
        minSeverity: 'high',
      });
      const id = await anAlert();
      const quiet = await anAlert({ severity: 'low' });
      await call('POST', `/instances/${quiet}/${action}`);

      expect((await call('POST', `/instances/${id}/${action}`)).status).toBe(200);
      expect((await call('POST', `/instances/${id}/${action}`)).status).toBe(409);

      const deliveries = await deliveriesTo(http, endpoint.id);
      expect(deliveries).toMatchObject([
        { alert_id: id, event_type: `alert.${status}`, sequence: 2, status: 'pending' },
      ]);
      expect(JSON.parse(deliveries[0]!.body)).toMatchObject({
        type: `alert.${status}`,
        timestamp: http.clock.now().toISOString(),
        data: {
          alert_id: id,
          status,
          sequence: 2,
          severity: 'high',
          actor: { id: userId, name: expect.any(String) },
          organization: { id: organizationId, name: expect.any(String) },
        },
      });
    },
  );

  it('also go to the rule’s own endpoint without a subscription, and are numbered in order', async () => {
    const { endpoint } = await anEndpoint(http, organizationId, { url: 'https://receiver.invalid/', events: [] });
    const id = await anAlert();
    await http.database.query(
      `INSERT INTO alert_rule (id, organization_id, name, rule_type, severity, config, cooldown_hours, notify_webhook, webhook_id)
       SELECT rule_id, organization_id, 'Rule', 'high_risk', 'high', '{}', 1, true, $2 FROM alert_instance WHERE id = $1`,
      [id, endpoint.id],
    );
    for (const action of ['acknowledge', 'dismiss', 'resolve']) await call('POST', `/instances/${id}/${action}`);

    expect((await deliveriesTo(http, endpoint.id)).map((row) => [row.event_type, row.sequence])).toEqual([
      ['alert.acknowledged', 2],
      ['alert.dismissed', 3],
      ['alert.resolved', 4],
    ]);
  });
});
