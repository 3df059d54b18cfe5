import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Transactions } from '../dist/src/database/index.js';
import { WebhookEndpointsService, WebhookOutbox, WebhookWorker } from '../dist/src/webhooks/index.js';
import { startApplication } from './lib/application.mjs';
import { median, percentile } from './lib/measure.mjs';
import { startRecordingReceiver } from './lib/recording-receiver.mjs';
import { connect } from './lib/server.mjs';
import { addOrganizations, addOwner } from './lib/synthetic.mjs';
import { ms, table } from './lib/table.mjs';

const EVENTS = 1_000;
const EVERY_MS = 10;
const BACKLOG = 2_000;
const ROUNDS = 2;

/** Nothing listens on the discard port. */
const DEAD_URL = 'http://127.0.0.1:9/dead';

/** Measures the time from commit to arrival at a healthy endpoint, with and without unhealthy endpoints. */
export async function webhookIsolation(server) {
  const receiver = await startRecordingReceiver();
  const url = await server.createDatabase('webhook_isolation');
  const app = await startApplication(url);
  const client = await connect(url);
  const world = { receiver, url, ownerId: await addOwner(client) };
  await client.end();
  await app.stop();
  const others = {
    alone: [],
    'with one that refuses connections': [DEAD_URL],
    'with one that never answers': [receiver.url('/hang')],
    'with ten that never answer': Array.from({ length: 10 }, (_, index) => receiver.url(`/hang/${index}`)),
  };
  try {
    const latencies = Object.fromEntries(Object.keys(others).map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round++) {
      for (const [name, urls] of Object.entries(others)) latencies[name].push(await measure(world, urls));
    }
    report(latencies);
  } finally {
    await receiver.close();
  }
}

/** @returns the latency of each event in milliseconds. */
async function measure({ url, receiver, ownerId }, unhealthyUrls) {
  const app = await startApplication(url, {
    VEDETTE_WEBHOOK_ALLOWED_HOSTS: `${receiver.host},${new URL(DEAD_URL).host}`,
  });
  const client = await connect(url);
  try {
    const [organizationId] = await addOrganizations(client, 1, ownerId);
    const unhealthy = [];
    for (const unhealthyUrl of unhealthyUrls) unhealthy.push(await subscribe(app, organizationId, unhealthyUrl));
    const backlog = Array.from({ length: unhealthy.length > 0 ? BACKLOG : 0 }, (_, index) =>
      event(organizationId, unhealthy[index % unhealthy.length]),
    );
    await enqueue(app, backlog);
    await subscribe(app, organizationId, receiver.url('/healthy'));
    app.provider(WebhookWorker).start();
    return await stream(app, receiver, organizationId);
  } finally {
    await client.query('TRUNCATE webhook_event, webhook_endpoint CASCADE');
    await client.end();
    await app.stop();
  }
}

async function subscribe(app, organizationId, url) {
  const input = { name: url, url, events: ['alert.fired'], format: 'standard', isEnabled: true };
  const { endpoint } = await app.provider(WebhookEndpointsService).create(organizationId, input, null);
  return endpoint.id;
}

async function stream(app, receiver, organizationId) {
  const latencies = [];
  for (let index = 0; index < EVENTS; index++) {
    const next = event(organizationId, null);
    const arrival = receiver.next(next.data.alert_id);
    await enqueue(app, [next]);
    const committed = performance.now();
    latencies.push(arrival.then(({ at }) => Math.max(0, at - committed)));
    await sleep(EVERY_MS);
  }
  return Promise.all(latencies);
}

function enqueue(app, events) {
  return app.provider(Transactions).run((manager) => app.provider(WebhookOutbox).enqueue(manager, events));
}

function event(organizationId, directEndpointId) {
  return {
    eventId: randomUUID(),
    organizationId,
    // No endpoint subscribes to this type, so each event of the backlog goes to one endpoint only.
    type: directEndpointId ? 'rule.failing' : 'alert.fired',
    alertId: null,
    occurredAt: new Date(),
    data: { alert_id: randomUUID(), message: 'x'.repeat(850) },
    directEndpointId,
  };
}

function report(latencies) {
  console.log(
    `${EVENTS} events, one every ${EVERY_MS} ms, in each of ${ROUNDS} rounds; a backlog of ${BACKLOG} deliveries if an endpoint is unhealthy.\n`,
  );
  const alone = latencies.alone.map((round) => percentile(round, 0.99));
  const row = ([name, rounds]) => [
    name,
    ms(median(rounds.map((round) => percentile(round, 0.5)))),
    ms(median(rounds.map((round) => percentile(round, 0.99)))),
    ms(Math.max(...rounds.flat())),
    median(rounds.map((round, index) => percentile(round, 0.99) / alone[index])).toFixed(2),
  ];
  console.log(
    table(['a healthy endpoint', 'p50, ms', 'p99, ms', 'max, ms', 'p99 x alone'], Object.entries(latencies).map(row)),
  );
}
