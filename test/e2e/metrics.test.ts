import { Client } from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/databases.js';
import { Exposition } from '../support/exposition.js';
import { eventually, VedetteProcess } from '../support/vedette-process.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

const METRICS_TOKEN = 'the-token-of-the-scraper';
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const CALLER_SPAN_ID = '00f067aa0ba902b7';
/** Readings are reused for ten seconds, and a lost database connection takes a while to time out. */
const PATIENCE_MS = 60_000;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;

/** A span in OTLP JSON. */
interface OtlpSpan {
  name: string;
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  attributes: { key: string; value: Record<string, unknown> }[];
}
const [INTERNAL, SERVER, CLIENT] = [1, 2, 3];

let database: TestDatabase;
let receiver: WebhookReceiver;
let vedette: VedetteProcess;
let token: string;

beforeAll(async () => {
  database = await createTestDatabase();
  receiver = await startWebhookReceiver();
  vedette = await VedetteProcess.start({
    DATABASE_URL: database.url,
    VEDETTE_WEBHOOK_ALLOWED_HOSTS: receiver.host,
    VEDETTE_METRICS_TOKEN: METRICS_TOKEN,
    VEDETTE_HEARTBEAT_URL: receiver.url('/heartbeat/secret'),
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url(''),
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=tests',
    OTEL_BSP_SCHEDULE_DELAY: '100',
  });
  token = await vedette.signIn();
});

afterAll(async () => {
  await vedette?.stop();
  await receiver?.close();
  await database?.drop();
});

async function scrape(): Promise<Exposition> {
  const { status, body } = await vedette.request('GET', '/metrics', { token: METRICS_TOKEN });
  expect(status).toBe(200);
  return new Exposition(body);
}

/** All spans so far, and their resource. */
function traced(): { spans: OtlpSpan[]; resources: string } {
  const exported = receiver.requests
    .filter(({ path }) => path === '/v1/traces')
    .flatMap(({ body }) => JSON.parse(body).resourceSpans);
  return {
    spans: exported.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }: { spans: OtlpSpan[] }) => spans)),
    resources: JSON.stringify(exported.map(({ resource }) => resource)),
  };
}

it('shows real work: an evaluation, a webhook delivered and one refused', async () => {
  const call = (method: string, path: string, body?: unknown, headers = {}): Promise<{ id: string }> =>
    vedette.api(method, path, { token, body, headers });
  const hook = (name: string): Promise<{ id: string }> =>
    call('POST', '/webhooks', { name, url: receiver.url(`/${name}`), events: ['alert.fired'] });
  await hook('delivered');
  await hook('refused');
  receiver.answer('/refused', { status: 410 });
  await call('POST', '/rules', {
    name: 'Secret plan',
    rule_type: 'orphan_spike',
    severity: 'critical',
    config: { min_orphan_count: 1 },
    cooldown_hours: 24,
  });
  const traceparent = `00-${TRACE_ID}-${CALLER_SPAN_ID}-01`;
  const { id } = await call('POST', '/evaluations', undefined, { traceparent });
  await receiver.received('/delivered', 1);
  await receiver.received('/refused', 1);
  await call('GET', `/evaluations/${id}`);

  const deliveries = { format: 'standard', outcome: 'delivered', reason: 'ok' };
  await eventually(async () => {
    const now = await scrape();
    return (
      now.value('vedette_webhook_deliveries_total', deliveries) === 1 &&
      now.value('vedette_webhook_exhausted_total') === 1
    );
  }, 'both attempts are counted');
  const after = await scrape();
  expect(after.value('vedette_webhook_deliveries_total', { ...deliveries, outcome: 'failed', reason: 'gone' })).toBe(1);
  expect(after.value('vedette_webhook_delivery_lag_seconds_count')).toBe(1);
  expect(after.value('vedette_evaluation_duration_seconds_count', { trigger: 'manual' })).toBe(1);
  expect(after.value('vedette_rule_evaluations_total', { type: 'orphan_spike', outcome: 'fired' })).toBeGreaterThan(0);
  expect(after.value('vedette_database_up')).toBe(1);
  expect(after.value('vedette_evaluation_age_seconds')).toBeLessThan(60);
  const route = { route: '/api/v1/evaluations/:id', method: 'GET', status: '2xx' };
  expect(after.value('vedette_http_request_duration_seconds_count', route)).toBe(1);

  expect(after.text).not.toMatch(UUID);
  for (const secret of ['Secret plan', 'vedette.local', receiver.host, 'delivered"}/']) {
    expect(after.text).not.toContain(secret);
  }
  await eventually(
    async () => (await scrape()).value('vedette_alerts_open', { severity: 'critical' }) === 1,
    'the alert is counted as open',
    PATIENCE_MS,
  );
});

it('requires the token', async () => {
  expect((await vedette.request('GET', '/metrics')).status).toBe(401);
  expect((await vedette.request('GET', '/metrics', { token })).status).toBe(401);
});

it('calls the heartbeat URL without logging it', async () => {
  await receiver.received('/heartbeat/secret', 1);
  expect((await scrape()).value('vedette_heartbeats_total', { outcome: 'sent' })).toBeGreaterThan(0);
  expect(vedette.output).not.toContain('/heartbeat');
});

it('traces a request with the evaluation in it as children of the caller, and each attempt at a webhook', async () => {
  await eventually(() => traced().spans.filter(({ name }) => name === 'webhook attempt').length >= 2, 'spans are sent');
  await eventually(
    () => traced().spans.some(({ name }) => name === 'POST /api/v1/evaluations'),
    'the request is traced',
  );
  const { spans, resources } = traced();
  const named = (name: string): OtlpSpan[] => spans.filter((span) => span.name === name);
  const childOf = (parent: OtlpSpan) => (span: OtlpSpan) => span.parentSpanId === parent.spanId;

  const [request] = named('POST /api/v1/evaluations');
  expect(request).toMatchObject({ kind: SERVER, traceId: TRACE_ID, parentSpanId: CALLER_SPAN_ID });
  const [evaluation] = named('evaluation').filter(childOf(request!));
  expect(evaluation).toMatchObject({ kind: INTERNAL, traceId: TRACE_ID });
  expect(named('evaluation write').filter(childOf(evaluation!))).toHaveLength(1);
  const typesOf = (measurings: OtlpSpan[]): unknown[] =>
    measurings
      .flatMap(({ attributes }) => attributes.filter(({ key }) => key === 'vedette.rule.type'))
      .map(({ value }) => value.stringValue);
  const types = typesOf(named('evaluation measure').filter(childOf(evaluation!)));
  expect(types).toContain('high_risk');
  expect(new Set(types).size).toBe(types.length);
  // A tick may have measured the rule that fires before the request; then it is in its cooldown.
  expect(typesOf(named('evaluation measure'))).toContain('orphan_spike');

  const attempts = named('webhook attempt');
  expect(attempts.every(({ kind }) => kind === CLIENT)).toBe(true);
  expect(JSON.stringify(attempts)).toContain('127.0.0.1');
  expect(JSON.stringify(spans)).not.toContain('/delivered');
  expect(spans.some(({ name }) => name.includes('/metrics') || name.includes('/health'))).toBe(false);
  expect(resources).toContain('"vedette"');
  expect(resources).toContain('deployment.environment');
  expect(receiver.requests.find(({ path }) => path === '/delivered')!.headers).not.toHaveProperty('traceparent');
});

it('still answers while the database is gone, and reports it as down', async () => {
  const name = new URL(database.url).pathname.slice(1);
  const server = new Client({ connectionString: process.env.VEDETTE_TEST_SERVER_URL });
  await server.connect();
  await server.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`);
  await server.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND application_name = 'vedette'`,
    [name],
  );
  await eventually(
    async () => (await scrape()).value('vedette_database_up') === 0,
    'the database is reported as down',
    PATIENCE_MS,
  );
  const down = await scrape();
  expect(down.value('vedette_scheduler_behind_seconds')).toBeUndefined();
  expect(down.value('vedette_webhook_exhausted_total')).toBe(1);

  await server.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`);
  await server.end();
  await eventually(
    async () => (await scrape()).value('vedette_database_up') === 1,
    'the database counts as up',
    PATIENCE_MS,
  );
});

it('sends its traces before it stops', async () => {
  const answered = traced().spans.length;
  await vedette.api('GET', '/rule-types', { token });
  expect(await vedette.stop()).toBe(0);
  expect(
    traced()
      .spans.slice(answered)
      .map(({ name }) => name),
  ).toContain('GET /api/v1/rule-types');
});

it('sends protobuf by default, and continues when the collector refuses traces, with one log line', async () => {
  const other = await createTestDatabase();
  const collector = await startWebhookReceiver();
  collector.answer('/v1/traces', { status: 400 }, { status: 400 });
  const traceless = await VedetteProcess.start({
    DATABASE_URL: other.url,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: collector.url('/v1/traces'),
    OTEL_BSP_SCHEDULE_DELAY: '50',
  });
  await traceless.signIn();
  await eventually(async () => {
    await traceless.request('GET', '/api/v1/rules');
    return traceless.output.includes('Traces are sent again');
  }, 'it says that traces are sent again');
  expect(await traceless.stop()).toBe(0);

  const requests = await collector.received('/v1/traces', 3);
  expect(requests.every(({ headers }) => headers['content-type'] === 'application/x-protobuf')).toBe(true);
  expect(collector.requests.some(({ body }) => body.includes('POST /api/v1/auth/login'))).toBe(true);
  expect(traceless.output.match(/Traces cannot be sent/g)).toHaveLength(1);
  await collector.close();
  await other.drop();
});
