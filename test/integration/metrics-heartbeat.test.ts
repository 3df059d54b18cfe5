import type { LoggerService } from '@nestjs/common';
import { Heartbeat, HeartbeatModule } from '../../src/heartbeat/index.js';
import { Metrics } from '../../src/metrics/index.js';
import { Exposition } from '../support/exposition.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

const MINUTE_MS = 60_000;
const PATH = '/ping/a-credential';

let monitor: WebhookReceiver;
let context: TestContext;
let heartbeat: Heartbeat;
let lines: string[];

beforeAll(async () => {
  monitor = await startWebhookReceiver();
  context = await startTestModule([HeartbeatModule], { environment: { VEDETTE_HEARTBEAT_URL: monitor.url(PATH) } });
  heartbeat = context.module.get(Heartbeat);
  const keep = (message: unknown): void => void lines.push(String(message));
  const logger: LoggerService = { log: keep, error: keep, warn: keep };
  context.module.useLogger(logger);
});

afterAll(async () => {
  await context.close();
  await monitor.close();
});

beforeEach(() => {
  lines = [];
  monitor.requests.length = 0;
});

const counted = async (outcome: string): Promise<number> =>
  new Exposition((await context.module.get(Metrics).expose()).text).value('vedette_heartbeats_total', { outcome }) ?? 0;

it('calls at most once a minute, also when the clock is set back', async () => {
  for (const afterMs of [0, 5_000, 59_999, MINUTE_MS, MINUTE_MS + 5_000, -60 * MINUTE_MS]) {
    context.clock.set(new Date(NOW.getTime() + afterMs));
    await heartbeat.beat();
  }

  expect(monitor.requests.map(({ path }) => path)).toEqual([PATH, PATH, PATH]);
  expect(await counted('sent')).toBe(3);
  expect(lines).toEqual([]);
});

it('logs a failure and the recovery once each, without the path of the URL', async () => {
  monitor.answer(PATH, { status: 500 }, { status: 302, headers: { location: monitor.url('/elsewhere') } }, (response) =>
    response.destroy(),
  );
  for (let minute = 10; minute < 15; minute += 1) {
    context.clock.set(new Date(NOW.getTime() + minute * MINUTE_MS));
    await heartbeat.beat();
  }

  expect(monitor.requests).toHaveLength(5);
  expect(await counted('failed')).toBe(3);
  expect(lines).toEqual([
    `The heartbeat does not reach ${monitor.host}: it answered 500`,
    `The heartbeat reaches ${monitor.host} again`,
  ]);
});

it('does nothing without a URL', async () => {
  const silent = await startTestModule([HeartbeatModule]);
  await silent.module.get(Heartbeat).beat();
  await silent.close();
  expect(monitor.requests).toHaveLength(0);
});
