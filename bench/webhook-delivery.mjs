import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import PgBoss from 'pg-boss';
import { Agent } from 'undici';
import { Transactions } from '../dist/src/database/index.js';
import { WebhookEndpointsService, WebhookOutbox, WebhookWorker } from '../dist/src/webhooks/index.js';
import {
  newSigningSecret,
  signingKey,
  standardWebhooksHeaders,
} from '../dist/src/webhooks/signing/standard-webhooks.js';
import { startApplication } from './lib/application.mjs';
import { interleaved, median, ratio, spread, values } from './lib/measure.mjs';
import { connect } from './lib/server.mjs';
import { addOrganizations, addOwner } from './lib/synthetic.mjs';
import { table } from './lib/table.mjs';
import { startReceiver } from './lib/webhook-receiver.mjs';

const ENDPOINTS = 20;
const EVENTS = 500;
const WARM_UP_EVENTS = 50;
const DELIVERIES = ENDPOINTS * EVENTS;
const ROUNDS = 5;
const CONNECTIONS = 50;
const QUEUE = 'webhooks';
const JSON_HEADERS = { 'content-type': 'application/json' };
const OURS = 'Vedette: claim, sign, POST, log, finish';

/**
 * Measures the delivery of queued webhooks to a receiver over loopback.
 * Compares Vedette with POSTs of the same bodies from a pg-boss queue: plain, signed, and signed and logged.
 */
export async function webhookDelivery(server) {
  const receiver = await startReceiver();
  const url = await server.createDatabase('webhook_delivery');
  const start = () => startApplication(url, { VEDETTE_WEBHOOK_ALLOWED_HOSTS: receiver.host });
  const app = await start();
  const client = await connect(url);
  const bossUrl = await server.createDatabase('webhook_delivery_boss');
  const boss = await startBoss(bossUrl);
  const attempts = await createAttemptLog(bossUrl);
  const agent = new Agent({ connections: CONNECTIONS });
  try {
    const organizationId = await fill(app, client, receiver);
    report(await measure({ start, client, boss, attempts, agent, receiver, organizationId }));
  } finally {
    await agent.close();
    await boss.stop({ graceful: false });
    await attempts.end();
    await client.end();
    await app.stop();
    await receiver.stop();
  }
}

async function startBoss(url) {
  const boss = new PgBoss({ connectionString: url, schedule: false, supervise: false });
  // An interruption stops the database while pg-boss still uses it.
  boss.on('error', () => undefined);
  await boss.start();
  await boss.createQueue(QUEUE);
  return boss;
}

/** Creates a log table for pg-boss like the one that Vedette has. */
async function createAttemptLog(connectionString) {
  const pool = new pg.Pool({ connectionString, max: 2 });
  await pool.query(
    `CREATE TABLE attempt (
       id uuid, job_id uuid, attempt integer, started_at timestamptz, duration_ms double precision, status_code integer, response_body text, request_headers jsonb,
       PRIMARY KEY (job_id, attempt, id)
     )`,
  );
  return pool;
}

async function fill(app, client, { host }) {
  const [organizationId] = await addOrganizations(client, 1, await addOwner(client));
  const endpoints = app.provider(WebhookEndpointsService);
  for (let index = 0; index < ENDPOINTS; index++) {
    const input = { name: `Endpoint ${index}`, url: `http://${host}/${index}`, events: ['alert.fired'] };
    await endpoints.create(organizationId, { ...input, format: 'standard', isEnabled: true }, null);
  }
  return organizationId;
}

function measure({ start, client, boss, attempts, agent, receiver, organizationId }) {
  let before;
  let app;
  let commit;
  const arrived = async () => expectAll((await receiver.received()) - before, 'received');
  const delivered = async () => {
    while (await isPending(client)) await sleep(5);
  };
  const ours = {
    // The worker already runs, as pg-boss does, and a transaction with all deliveries only has to commit.
    async prepare() {
      await client.query('TRUNCATE webhook_event, webhook_delivery, webhook_attempt');
      app = await start();
      app.provider(WebhookWorker).start();
      await (
        await enqueue(app, organizationId, WARM_UP_EVENTS)
      )();
      await delivered();
      await client.query('TRUNCATE webhook_event, webhook_delivery, webhook_attempt');
      commit = await enqueue(app, organizationId, EVENTS);
      await client.query('CHECKPOINT');
      before = await receiver.received();
    },
    async run() {
      await commit();
      // Reading the queue slows down the deliveries, so the first look comes after all requests have arrived.
      await receiver.receives(before + DELIVERIES);
      await delivered();
    },
    async after() {
      await app.stop();
      await arrived();
      const { rows } = await client.query(
        `SELECT (SELECT count(*)::integer FROM webhook_delivery WHERE status = 'delivered') AS delivered, count(*)::integer AS attempts
         FROM webhook_attempt`,
      );
      expectAll(rows[0].delivered, 'delivered');
      expectAll(rows[0].attempts, 'logged');
    },
  };
  const theirs = (batch, post, written = async () => undefined) => ({
    async prepare() {
      await boss.clearStorage();
      await attempts.query('TRUNCATE attempt');
      await insertJobs(boss, receiver);
      await client.query('CHECKPOINT');
      before = await receiver.received();
    },
    run: () => deliverAll(boss, batch, post, written),
    after: arrived,
  });
  const plain = (job) => send(agent, job, JSON_HEADERS);
  const key = signingKey(newSigningSecret());
  const signed = (job) => send(agent, job, signedHeaders(key, job));
  const log = (results) => logAttempts(attempts, results);
  const ways = {
    'pg-boss: fetch 100, POST, complete': theirs(100, plain),
    'pg-boss: fetch 500, POST, complete': theirs(500, plain),
    'pg-boss: fetch 500, sign, POST, complete': theirs(500, signed),
    'pg-boss: fetch 500, sign, POST, log, complete': theirs(500, signed, log),
    'pg-boss: fetch 2000, POST, complete': theirs(2_000, plain),
    'pg-boss: fetch 2000, sign, POST, complete': theirs(2_000, signed),
    'pg-boss: fetch 2000, sign, POST, log, complete': theirs(2_000, signed, log),
    [OURS]: ours,
  };
  return interleaved(ways, ROUNDS);
}

function expectAll(count, done) {
  if (count !== DELIVERIES) throw new Error(`${count} of ${DELIVERIES} deliveries were ${done}`);
}

async function isPending(client) {
  const { rows } = await client.query(
    `SELECT EXISTS (SELECT FROM webhook_delivery WHERE status = 'pending') AS is_pending`,
  );
  return rows[0].is_pending;
}

/** @returns a function that commits the events. */
async function enqueue(app, organizationId, count) {
  const events = Array.from({ length: count }, () => ({
    eventId: randomUUID(),
    organizationId,
    type: 'alert.fired',
    alertId: null,
    occurredAt: new Date(),
    data: payload(),
    directEndpointId: null,
  }));
  const [written, mayCommit] = [new Signal(), new Signal()];
  const committed = app.provider(Transactions).run(async (manager) => {
    await app.provider(WebhookOutbox).enqueue(manager, events);
    written.give();
    await mayCommit.given;
  });
  await Promise.race([written.given, committed]);
  return () => {
    mayCommit.give();
    return committed;
  };
}

class Signal {
  given = new Promise((resolve) => (this.give = resolve));
}

/** About one kilobyte, like a real alert. */
function payload() {
  return { alert_id: randomUUID(), title: '4 techniques at risk 75 or more', message: 'x'.repeat(850) };
}

async function insertJobs(boss, { host }) {
  for (let first = 0; first < DELIVERIES; first += 1_000) {
    const jobs = Array.from({ length: 1_000 }, (_, index) => ({
      name: QUEUE,
      data: { origin: `http://${host}`, path: `/${(first + index) % ENDPOINTS}`, body: JSON.stringify(payload()) },
    }));
    await boss.insert(jobs);
  }
}

/** Runs two loops that fetch a batch, send all of it at once and complete it in one statement, without polling. */
async function deliverAll(boss, batch, post, written) {
  const loop = async () => {
    for (;;) {
      const jobs = await boss.fetch(QUEUE, { batchSize: batch });
      if (jobs.length === 0) return;
      await written(await Promise.all(jobs.map(post)));
      await boss.complete(
        QUEUE,
        jobs.map(({ id }) => id),
      );
    }
  };
  await Promise.all([loop(), loop()]);
}

function signedHeaders(key, { id, data }) {
  const signature = standardWebhooksHeaders({ id: `msg_${id}`, at: new Date(), body: data.body }, [key]);
  return { accept: '*/*', 'user-agent': 'pg-boss', ...JSON_HEADERS, ...signature };
}

async function send(agent, { id, data: { origin, path, body } }, headers) {
  const [at, started] = [new Date(), performance.now()];
  const response = await agent.request({ origin, path, method: 'POST', headers, body });
  const text = await response.body.text();
  if (response.statusCode !== 204) throw new Error(`the receiver answered ${response.statusCode}`);
  return { id, at, durationMs: performance.now() - started, statusCode: response.statusCode, text, headers };
}

async function logAttempts(pool, results) {
  const column = (value) => results.map(value);
  await pool.query(
    `INSERT INTO attempt (id, job_id, attempt, started_at, duration_ms, status_code, response_body, request_headers)
     SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::integer[], $4::timestamptz[], $5::double precision[], $6::integer[], $7::text[], $8::jsonb[])`,
    [
      column(() => randomUUID()),
      column(({ id }) => id),
      column(() => 1),
      column(({ at }) => at),
      column(({ durationMs }) => durationMs),
      column(({ statusCode }) => statusCode),
      column(({ text }) => text),
      column(({ headers }) => JSON.stringify(headers)),
    ],
  );
}

function report(ways) {
  const row = ([name, samples]) => [
    name,
    spread(values(samples)),
    (DELIVERIES / (median(values(samples)) / 1_000)).toFixed(0),
    ratio(samples, ways[OURS]),
  ];
  console.log(`${DELIVERIES} deliveries of about 1 kB to ${ENDPOINTS} endpoints.\n`);
  console.log(table(['way', 'ms: median (range)', 'per second', 'x Vedette'], Object.entries(ways).map(row)));
}
