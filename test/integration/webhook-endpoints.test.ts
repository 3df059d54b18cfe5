import { APP_GUARD } from '@nestjs/core';
import type { CanActivate, ExecutionContext } from '@nestjs/common';
import { Webhook } from 'standardwebhooks';
import type { AuthenticatedRequest } from '../../src/common/access/index.js';
import { newId } from '../../src/common/ids.js';
import { WebhooksModule, WebhookWorker } from '../../src/webhooks/index.js';
import { anOrganization } from '../support/factories.js';
import { startTestHttp, type Answer, type TestHttp } from '../support/http.js';
import { NOW } from '../support/test-module.js';
import { anEvent, enqueue } from '../support/webhook-factories.js';
import { startWebhookReceiver, type ReceivedRequest, type WebhookReceiver } from '../support/webhook-receiver.js';

/**
 * Treats the token as the id of the caller's organisation, and the caller as admin. Other tests cover authentication.
 */
class TokenIsOrganization implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<AuthenticatedRequest & { headers: { authorization: string } }>();
    const organizationId = request.headers.authorization.slice('Bearer '.length);
    const userId = newId();
    request.principal = { organizationId, role: 'admin', userId, apiKeyId: null, actorId: userId };
    return true;
  }
}

describe('webhooks over HTTP', () => {
  let receiver: WebhookReceiver;
  let http: TestHttp;
  let token: string;

  beforeAll(async () => {
    receiver = await startWebhookReceiver();
    http = await startTestHttp([WebhooksModule.register({ delivery: { exchangeTimeoutMs: 400 } })], {
      environment: { VEDETTE_WEBHOOK_ALLOWED_HOSTS: [receiver.host] },
      providers: [{ provide: APP_GUARD, useClass: TokenIsOrganization }],
    });
    http.app.get(WebhookWorker, { strict: false }).start();
  });
  afterAll(async () => {
    await http.close();
    await receiver.close();
  });
  beforeEach(async () => {
    token = await anOrganization(http.database);
  });

  const request = (method: string, path: string, body?: unknown): Promise<Answer> =>
    http.request(method, `/api/v1/webhooks${path}`, { token, body });

  async function created(changes: Record<string, unknown> = {}): Promise<Answer['body']> {
    const answer = await request('POST', '', {
      name: 'SOC',
      url: receiver.url('/ok'),
      events: ['alert.fired'],
      ...changes,
    });
    expect(answer).toMatchObject({ status: 201 });
    return answer.body;
  }

  it('creates an endpoint with defaults and shows its secret only once', async () => {
    const webhook = await created();

    expect(webhook).toEqual({
      id: expect.any(String),
      name: 'SOC',
      url: receiver.url('/ok'),
      events: ['alert.fired'],
      format: 'standard',
      is_enabled: true,
      min_severity: null,
      rule_types: [],
      ordered: false,
      header_names: [],
      setting_names: [],
      previous_secret_until: null,
      health: {
        state: 'healthy',
        consecutive_failures: 0,
        failing_since: null,
        held_until: null,
        last_success_at: null,
        last_failure_at: null,
        last_error: null,
        disabled_reason: null,
        recoverable: 0,
      },
      created_at: NOW.toISOString(),
      updated_at: NOW.toISOString(),
      secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
    });
    const { secret, ...shown } = webhook;
    expect((await request('GET', `/${webhook.id}`)).body).toEqual(shown);
    expect((await request('GET', '')).body).toEqual({ items: [shown], total: 1, next_cursor: null });
    const [row] = await http.database.query<{ all: string }>(
      'SELECT webhook_endpoint::text AS all FROM webhook_endpoint WHERE id = $1',
      [webhook.id],
    );
    expect(row?.all).not.toContain(secret.slice('whsec_'.length));
  });

  it.each([
    ['name', { name: '' }, 'none of them a control character'],
    ['name', { name: 'two\nlines' }, 'none of them a control character'],
    ['url', { url: 'not a url' }, 'it is not a URL'],
    ['url', { url: 'http://example.com/' }, 'http:// to example.com is not https://'],
    ['url', { url: 'https://127.0.0.1/SECRET' }, '127.0.0.1 is loopback'],
    ['url', { url: 'https://169.254.169.254/' }, 'metadata'],
    ['url', { url: 'https://user:SECRET@example.com/' }, 'user name or a password'],
    ['url', { url: 7 }, 'URL'],
    ['events', { events: ['alert.fired', 'alert.exploded'] }, 'alert.fired'],
    ['events', { events: ['ping'] }, 'alert.fired'],
    ['events', { events: 'alert.fired' }, 'alert.fired'],
    ['format', { format: 'carrier-pigeon' }, 'must be one of: standard'],
    ['is_enabled', { is_enabled: 'yes' }, 'true or false'],
    ['secret', { secret: 'mine' }, 'is not a known field'],
    ['min_severity', { min_severity: 'dire' }, 'critical, high, medium, low, info'],
    ['rule_types', { rule_types: 'high_risk' }, 'list'],
    ['rule_types', { rule_types: [7] }, 'list'],
    [
      'rule_types[1]',
      { rule_types: ['high_risk', "'; DROP TABLE"] },
      'high_risk, stale_technique, coverage_regression',
    ],
    ['headers', { headers: ['x'] }, 'must be an object'],
    ['headers.x-a', { headers: { 'x-a': 'SECRET\r\nx-b: 1' } }, 'without line breaks'],
    ['headers.Host', { headers: { Host: 'SECRET' } }, 'sets itself'],
    ['headers.webhook-id', { headers: { 'webhook-id': 'SECRET' } }, 'sets itself'],
    ['settings.routing_key', { settings: { routing_key: 'SECRET' } }, 'is not a setting of the format standard'],
    ['settings.routing_key', { format: 'pagerduty' }, 'is required'],
    ['settings.routing_key', { format: 'pagerduty', settings: { routing_key: 'SECRET' } }, 'must be'],
    ['ordered', { ordered: 1 }, 'true or false'],
  ])('rejects an invalid %s on creation and on change: %j', async (field, change, message) => {
    const webhook = await created();
    const answers = [
      await request('POST', '', { name: 'SOC', url: receiver.url(), events: [], ...change }),
      await request('PATCH', `/${webhook.id}`, change),
    ];

    for (const { status, body } of answers) {
      expect({ status, errors: body.errors }).toMatchObject({
        status: 400,
        errors: [{ field, message: expect.stringContaining(message) }],
      });
      expect(JSON.stringify(body)).not.toContain('SECRET');
    }
    expect((await request('GET', '')).body).toMatchObject({
      total: 1,
      items: [{ name: 'SOC', url: receiver.url('/ok'), is_enabled: true }],
    });
  });

  it.each([
    ['name', 'none of them a control character'],
    ['format', 'must be one of: standard'],
    ['ordered', 'true or false'],
  ])('rejects a %s of null on creation, and leaves it as it is on change', async (field, message) => {
    const body = { name: 'SOC', url: receiver.url(), events: [], [field]: null };
    expect(await request('POST', '', body)).toMatchObject({
      status: 400,
      body: { errors: [{ field, message: expect.stringContaining(message) }] },
    });
    const { secret: _, ...webhook } = await created();
    expect(await request('PATCH', `/${webhook.id}`, { [field]: null })).toMatchObject({ status: 200, body: webhook });
  });

  it('changes only the given properties', async () => {
    const { secret: _, ...webhook } = await created();

    const answer = await request('PATCH', `/${webhook.id}`, { is_enabled: false, events: [] });

    expect(answer).toMatchObject({
      status: 200,
      body: { ...webhook, is_enabled: false, events: [], health: { ...webhook.health, state: 'disabled' } },
    });
    expect(answer.body).not.toHaveProperty('secret');
    expect((await request('PATCH', `/${webhook.id}`, {})).status).toBe(200);
  });

  it('deletes an endpoint', async () => {
    const webhook = await created();

    expect(await request('DELETE', `/${webhook.id}`)).toMatchObject({ status: 204, body: undefined });
    expect((await request('GET', `/${webhook.id}`)).status).toBe(404);
    expect((await request('DELETE', `/${webhook.id}`)).status).toBe(404);
  });

  it('answers 404 for endpoints of another organisation', async () => {
    const webhook = await created();
    const { body: delivery } = await request('POST', `/${webhook.id}/test`);
    token = await anOrganization(http.database);

    for (const id of [webhook.id, newId(), 'no-uuid']) {
      expect((await request('GET', `/${id}`)).status).toBe(404);
      expect((await request('PATCH', `/${id}`, { name: 'Mine' })).status).toBe(404);
      expect((await request('DELETE', `/${id}`)).status).toBe(404);
      expect((await request('POST', `/${id}/test`)).status).toBe(404);
      expect((await request('GET', `/${id}/deliveries`)).status).toBe(404);
      expect((await request('GET', `/${id}/deliveries/${delivery.id}`)).status).toBe(404);
    }
    expect((await request('GET', '')).body).toEqual({ items: [], total: 0, next_cursor: null });
  });

  it('pages through all endpoints and deliveries', async () => {
    const names = ['a', 'b', 'c', 'd', 'e'];
    const webhooks = [];
    for (const name of names) webhooks.push(await created({ name, is_enabled: name === 'a' }));
    for (let count = 0; count < 5; count += 1) await enqueue(http, anEvent(token));

    const pageThrough = async (path: string, key: string): Promise<string[]> => {
      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null;) {
        const { status, body } = await request('GET', `${path}?limit=2${cursor && `&cursor=${cursor}`}`);
        expect({ status, total: body.total }).toEqual({ status: 200, total: 5 });
        seen.push(...body.items.map((item: Record<string, string>) => item[key]));
        cursor = body.next_cursor;
      }
      return seen;
    };

    expect(await pageThrough('', 'name')).toEqual(names);
    expect(new Set(await pageThrough(`/${webhooks[0].id}/deliveries`, 'id')).size).toBe(5);
    expect((await request('GET', '?limit=2&offset=4')).body.items).toMatchObject([{ name: 'e' }]);
    for (const cursor of ['nonsense', Buffer.from('["yesterday","x"]').toString('base64url')]) {
      expect(await request('GET', `?cursor=${cursor}`)).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'cursor' }] },
      });
    }
  });

  describe('the test of an endpoint', () => {
    it('sends like an alert and returns the result', async () => {
      const webhook = await created({ url: receiver.url('/test-ok') });

      const answer = await request('POST', `/${webhook.id}/test`);

      expect(answer).toMatchObject({
        status: 200,
        body: {
          webhook_id: webhook.id,
          event_type: 'ping',
          status: 'delivered',
          last_status_code: 204,
          last_error: null,
          next_attempt_at: null,
          attempts: [{ attempt: 1, status_code: 204 }],
        },
      });
      const [sent] = (await receiver.received('/test-ok', 1)) as [ReceivedRequest];
      expect(sent.headers['webhook-id']).toBe(`msg_${answer.body.id}`);
      expect(JSON.parse(sent.body)).toEqual({
        type: 'ping',
        timestamp: NOW.toISOString(),
        data: { webhook_id: webhook.id, message: expect.any(String) },
      });
      const signature = new Webhook(webhook.secret).sign(`msg_${answer.body.id}`, NOW, sent.body);
      expect(sent.headers['webhook-signature']).toBe(signature);
      expect((await request('GET', `/${webhook.id}/deliveries/${answer.body.id}`)).body).toEqual(answer.body);
    });

    it('makes one attempt, returns the failure, and appears in the log', async () => {
      const webhook = await created({ url: receiver.url('/test-fails') });
      receiver.answer('/test-fails', { status: 500, body: 'no such channel' });

      const { status, body } = await request('POST', `/${webhook.id}/test`);

      expect(status).toBe(200);
      expect(body).toMatchObject({
        status: 'failed',
        last_status_code: 500,
        last_error: 'answered 500',
        attempts: [{ response_body: 'no such channel' }],
      });
      const log = await request('GET', `/${webhook.id}/deliveries?status=failed`);
      expect(log.body).toMatchObject({
        total: 1,
        items: [{ id: body.id, last_attempt: { attempt: 1, status_code: 500 } }],
      });
      expect((await request('GET', `/${webhook.id}/deliveries?status=pending`)).body).toMatchObject({
        total: 0,
        items: [],
      });
      expect(await request('GET', `/${webhook.id}/deliveries?status=lost`)).toMatchObject({
        status: 400,
        body: { errors: [{ field: 'status' }] },
      });
    });

    it('returns the failure if the receiver does not answer in time', async () => {
      const webhook = await created({ url: receiver.url('/test-hangs') });
      receiver.answer('/test-hangs', () => {});

      expect((await request('POST', `/${webhook.id}/test`)).body).toMatchObject({
        status: 'failed',
        last_status_code: null,
        last_error: 'no complete answer within 0.4 s',
      });
    });

    it('works while the endpoint is disabled', async () => {
      const webhook = await created({ url: receiver.url('/test-disabled'), is_enabled: false });

      expect((await request('POST', `/${webhook.id}/test`)).body).toMatchObject({ status: 'delivered' });
    });
  });

  it('shows no header values, no settings, and no URL that is a credential', async () => {
    const routingKey = 'R0123456789ABCDEFGHIJKLMNOPQRSTU';
    const webhook = await created({
      url: receiver.url('/pager?token=SECRET'),
      format: 'pagerduty',
      settings: { routing_key: routingKey },
      headers: { 'X-Token': 'SECRET' },
      min_severity: 'high',
      rule_types: ['high_risk'],
      ordered: true,
    });

    expect(webhook).toMatchObject({
      url: `http://${receiver.host}/…`,
      header_names: ['x-token'],
      setting_names: ['routing_key'],
      min_severity: 'high',
      rule_types: ['high_risk'],
      ordered: true,
    });
    for (const { body } of [await request('GET', `/${webhook.id}`), await request('GET', '')]) {
      expect(JSON.stringify(body)).not.toContain('SECRET');
      expect(JSON.stringify(body)).not.toContain(routingKey);
    }
    const changed = await request('PATCH', `/${webhook.id}`, { format: 'standard', headers: {}, min_severity: null });
    expect(changed).toMatchObject({
      status: 200,
      body: { format: 'standard', header_names: [], setting_names: [], min_severity: null, rule_types: ['high_risk'] },
    });
  });

  it('creates a new secret, shown only once, and returns until when the old one also signs', async () => {
    const webhook = await created();

    const { status, body } = await request('POST', `/${webhook.id}/rotate-secret`);

    expect(status).toBe(200);
    expect(body.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(body.secret).not.toBe(webhook.secret);
    expect(body.previous_secret_until).toBe(new Date(NOW.getTime() + 24 * 3_600_000).toISOString());
    expect((await request('GET', `/${webhook.id}`)).body).not.toHaveProperty('secret');
  });

  describe('the log of the organisation', () => {
    const log = (query = ''): Promise<Answer> => http.request('GET', `/api/v1/webhook-deliveries${query}`, { token });
    const post = (path: string, body?: unknown): Promise<Answer> =>
      http.request('POST', `/api/v1/webhook-deliveries${path}`, { token, body });

    /** Waits until the running worker has completed at least `count` deliveries. */
    async function delivered(count: number): Promise<void> {
      for (let tries = 0; tries < 100; tries += 1) {
        if ((await log('?status=pending')).body.total === 0 && (await log()).body.total >= count) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error('the deliveries are not complete');
    }

    it('can be searched by alert, endpoint, status, event and time, and shows requests and answers', async () => {
      const one = await created({ url: receiver.url('/log-one'), headers: { 'x-token': 'SECRET' } });
      const two = await created({ url: receiver.url('/log-two'), events: ['alert.resolved'] });
      receiver.answer('/log-two', { status: 410, body: 'no more' });
      const alertId = newId();
      await enqueue(http, anEvent(token, { alertId }), anEvent(token, { type: 'alert.resolved' }), anEvent(token));
      await delivered(3);

      const totals = async (query: string): Promise<number> => (await log(query)).body.total;
      expect(await totals('')).toBe(3);
      expect(await totals(`?alert_id=${alertId}`)).toBe(1);
      expect(await totals(`?webhook_id=${two.id}`)).toBe(1);
      expect(await totals('?status=failed')).toBe(1);
      expect(await totals('?event_type=alert.fired')).toBe(2);
      expect(await totals(`?webhook_id=${one.id}&status=failed`)).toBe(0);
      expect(await totals(`?since=${NOW.toISOString()}`)).toBe(3);
      expect(await totals(`?until=${NOW.toISOString()}`)).toBe(0);
      for (const bad of ['alert_id=1', 'webhook_id=x', 'status=lost', 'event_type=party', 'since=yesterday']) {
        expect(await log(`?${bad}`)).toMatchObject({ status: 400, body: { errors: [{ field: bad.split('=')[0] }] } });
      }

      const [item] = (await log(`?alert_id=${alertId}`)).body.items;
      const detail = (await log(`/${item.id}`)).body;
      expect(detail.attempts).toMatchObject([
        {
          status_code: 204,
          request: {
            url: receiver.url('/log-one'),
            headers: { 'x-token': '[redacted]', 'webhook-id': `msg_${item.id}`, 'content-type': 'application/json' },
            body: null,
          },
        },
      ]);
      expect(JSON.stringify(detail)).not.toContain('SECRET');
      const [lost] = (await log('?status=failed')).body.items;
      expect(lost.last_attempt).toMatchObject({ status_code: 410, response_body: 'no more' });
    });

    it('sends a delivery again with its id and the current secret, to a disabled endpoint too, and records the replay', async () => {
      const webhook = await created({ url: receiver.url('/again') });
      await enqueue(http, anEvent(token, { data: { title: 'Détection 🐎' } }));
      await delivered(1);
      const { secret } = (await request('POST', `/${webhook.id}/rotate-secret`)).body;
      await request('PATCH', `/${webhook.id}`, { is_enabled: false });
      const [{ id }] = (await log()).body.items;

      expect(await post(`/${id}/replay`)).toMatchObject({ status: 200, body: { id, replay_id: expect.any(String) } });
      await delivered(1);

      const [first, again] = await receiver.received('/again', 2);
      expect(again!.headers['webhook-id']).toBe(first!.headers['webhook-id']);
      expect(again!.body).toBe(first!.body);
      const signed = new Webhook(secret).sign(`msg_${id}`, NOW, again!.body);
      expect(String(again!.headers['webhook-signature']).split(' ')).toContain(signed);
      expect((await request('GET', `/${webhook.id}`)).body).toMatchObject({ is_enabled: false });
      const { body: record } = await log('/replays');
      expect(record).toMatchObject({
        total: 1,
        items: [
          { filter: { delivery_id: id }, count: 1, requested_by: expect.any(String), requested_at: NOW.toISOString() },
        ],
      });
      expect((await post(`/${newId()}/replay`)).status).toBe(404);
    });

    it('sends the deliveries of a filter again after a dry run, without an effect on health', async () => {
      const webhook = await created({ url: receiver.url('/many') });
      receiver.answer('/many', ...Array.from({ length: 3 }, () => ({ status: 410 })));
      await enqueue(http, anEvent(token));
      await delivered(1);
      await request('PATCH', `/${webhook.id}`, { is_enabled: true });
      await enqueue(http, anEvent(token), anEvent(token, { alertId: newId() }));
      await delivered(3);
      const before = receiver.requests.length;
      const filter = { webhook_id: webhook.id, status: 'failed' };
      const failed = (await log('?status=failed')).body.total;

      expect(await post('/replays', filter)).toMatchObject({ status: 400, body: { errors: [{ field: 'dry_run' }] } });
      expect((await post('/replays', { ...filter, dry_run: true })).body).toEqual({ dry_run: true, count: failed });
      expect(receiver.requests.length).toBe(before);
      const health = (await request('GET', `/${webhook.id}`)).body.health;
      expect((await post('/replays', { ...filter, dry_run: false })).body).toEqual({ dry_run: false, count: failed });
      await delivered(3);

      expect(receiver.requests.length).toBe(before + failed);
      const after = (await request('GET', `/${webhook.id}`)).body.health;
      expect({ ...after, recoverable: 0 }).toEqual({ ...health, recoverable: 0 });
    });

    it('recovers the deliveries that an endpoint missed while failures had disabled it', async () => {
      const webhook = await created({ url: receiver.url('/recover') });
      receiver.answer('/recover', { status: 410 });
      await enqueue(http, anEvent(token));
      await delivered(1);
      await enqueue(http, anEvent(token), anEvent(token));
      const shown = (await request('PATCH', `/${webhook.id}`, { is_enabled: true })).body;
      expect(shown.health).toMatchObject({ recoverable: 3, disabled_reason: null });

      expect((await request('POST', `/${webhook.id}/recover`, { dry_run: true })).body.count).toBe(3);
      expect((await request('POST', `/${webhook.id}/recover`, {})).body).toEqual({ dry_run: false, count: 3 });
      await delivered(3);

      expect((await log('?status=delivered')).body.total).toBe(3);
      expect((await request('GET', `/${webhook.id}`)).body.health.recoverable).toBe(0);
      expect((await request('POST', `/${(await created()).id}/recover`, {})).body).toEqual({
        dry_run: false,
        count: 0,
      });
    });

    it('shows and replays no deliveries of another organisation', async () => {
      await created({ url: receiver.url('/theirs') });
      await enqueue(http, anEvent(token));
      await delivered(1);
      const [{ id }] = (await log()).body.items;
      token = await anOrganization(http.database);

      expect((await log()).body).toMatchObject({ total: 0, items: [] });
      expect((await log(`/${id}`)).status).toBe(404);
      expect((await post(`/${id}/replay`)).status).toBe(404);
      expect((await post('/replays', { dry_run: false })).body).toEqual({ dry_run: false, count: 0 });
      expect((await log('/replays')).body.total).toBe(0);
    });
  });
});
