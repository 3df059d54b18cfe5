import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Pool } from 'undici';
import { encodeCursor } from '../dist/src/common/pagination/index.js';
import { InstancesService } from '../dist/src/instances/index.js';
import { startApplication } from './lib/application.mjs';
import { underLoad } from './lib/load.mjs';
import { interleaved, median, ratio, values } from './lib/measure.mjs';
import { startProcess } from './lib/process.mjs';
import { connect } from './lib/server.mjs';
import { recordAll } from './lib/statements.mjs';
import { addAlerts, addCatalogue, addOrganizations, addOwner } from './lib/synthetic.mjs';
import { ms, table } from './lib/table.mjs';

const ALERTS = 1_000_000;
const DEPTH = 100_000;
const LIMIT = 50;
const CONNECTIONS = 50;
/** Database connections of each process, as many as the application has by default. */
const POOL_SIZE = 10;
const ROUNDS = 3;
const FOR_MS = 700;

/** Measures pages and the summary of a million alerts, over HTTP to a separate process. */
export async function readAlerts(server) {
  const url = await server.createDatabase('read_alerts');
  const client = await connect(url);
  const prepared = await prepare(url, client);
  await client.end();
  const vedette = await startProcess(server, {
    DATABASE_URL: url,
    VEDETTE_SECRET_KEY: 'this key protects benchmark data only',
    VEDETTE_ADMIN_PASSWORD: 'only for this benchmark',
    VEDETTE_LOG_LEVEL: 'error',
  });
  const http = new Pool(vedette.address, { connections: CONNECTIONS });
  const pool = new pg.Pool({ connectionString: url, max: POOL_SIZE, idleTimeoutMillis: 0 });
  let bare;
  try {
    const reads = await withBodies(prepared, http);
    bare = await startBareServer(server, url, reads);
    report(await measure({ reads, http, pool, bare: bare.http }), reads);
  } finally {
    await pool.end();
    await http.close();
    await bare?.stop();
    await vedette.stop();
  }
}

/** Fills the database and records the statements that the application sends for each read. */
async function prepare(url, client) {
  const app = await startApplication(url);
  try {
    // With this catalogue the process does not load its own. Without posture no rule fires during the measurement.
    await addCatalogue(client, 10);
    const [organizationId] = await addOrganizations(client, 1, await addOwner(client));
    await app.seedSystemRules();
    await addAlerts(client, organizationId, ALERTS);
    await client.query('VACUUM ANALYZE');
    const { rows } = await client.query(
      'SELECT id, created_at FROM alert_instance WHERE organization_id = $1 ORDER BY created_at DESC, id DESC OFFSET $2 LIMIT 1',
      [organizationId, DEPTH - 1],
    );
    const cursor = { key: rows[0].created_at.toISOString(), id: rows[0].id };
    const instances = app.provider(InstancesService);
    const record = async (path, read) => ({ path, statements: await recordAll(read) });
    return {
      token: await app.createToken(organizationId),
      reads: {
        first: await record(`/api/v1/instances?limit=${LIMIT}`, () =>
          instances.list(organizationId, {}, { limit: LIMIT }),
        ),
        deep: await record(`/api/v1/instances?limit=${LIMIT}&cursor=${encodeURIComponent(encodeCursor(cursor))}`, () =>
          instances.list(organizationId, {}, { limit: LIMIT, cursor }),
        ),
        summary: await record('/api/v1/instances/summary', () => instances.summary(organizationId)),
      },
    };
  } finally {
    await app.stop();
  }
}

/** Adds the body of the answer to each read, and checks that it is complete. */
async function withBodies({ token, reads }, http) {
  const headers = { authorization: `Bearer ${token}` };
  for (const [name, read] of Object.entries(reads)) {
    const { statusCode, body } = await http.request({ method: 'GET', path: read.path, headers });
    Object.assign(read, { headers, body: await body.text() });
    const answer = JSON.parse(read.body);
    const isComplete =
      name === 'summary'
        ? answer.total_open + answer.total_acknowledged + answer.total_resolved + answer.total_dismissed === ALERTS
        : answer.items.length === LIMIT && answer.total === ALERTS;
    if (statusCode !== 200 || !isComplete) {
      throw new Error(`GET ${read.path} answered ${statusCode}: ${read.body.slice(0, 500)}`);
    }
  }
  return reads;
}

async function startBareServer(server, databaseUrl, reads) {
  const child = fork(fileURLToPath(new URL('./lib/bare-server.mjs', import.meta.url)));
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const stop = () => {
    child.kill('SIGKILL');
    return exited;
  };
  server.beforeStop(stop);
  const listening = new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', () => reject(new Error('the bare server ended')));
  });
  const served = Object.fromEntries(
    Object.entries(reads).map(([name, { body, statements }]) => [name, { body, statements }]),
  );
  child.send({ databaseUrl, poolSize: POOL_SIZE, served });
  const { port } = await listening;
  const http = new Pool(`http://127.0.0.1:${port}`, { connections: CONNECTIONS });
  return {
    http,
    async stop() {
      await http.close();
      await stop();
    },
  };
}

async function measure({ reads, http, pool, bare }) {
  const ways = {};
  const add = (name, call) => {
    let facts;
    ways[name] = {
      run: async () => (facts = await underLoad(call, { connections: CONNECTIONS, forMs: FOR_MS })),
      after: () => facts,
    };
  };
  for (const [name, { path, headers, body, statements }] of Object.entries(reads)) {
    const length = Buffer.byteLength(body);
    const get = (from, options, expected) => async () => {
      const answer = await from.request({ method: 'GET', ...options });
      const bytes = (await answer.body.arrayBuffer()).byteLength;
      if (answer.statusCode !== 200 || (expected && bytes !== expected)) {
        throw new Error(`GET ${options.path} answered ${answer.statusCode} with ${bytes} bytes`);
      }
    };
    add(`${name} bytes`, get(bare, { path: `/bytes/${name}`, headers }, length));
    add(`${name} app`, get(http, { path, headers }, length));
    add(`${name} query`, get(bare, { path: `/query/${name}`, headers }));
    add(`${name} pg`, () => Promise.all(statements.map((statement) => pool.query(statement))));
  }
  return interleaved(ways, ROUNDS);
}

const WORDS = { first: 'first page', deep: `page at depth ${DEPTH}`, summary: 'summary' };

function report(samples, reads) {
  console.log(`${ALERTS} alerts in one organisation, pages of ${LIMIT}, ${CONNECTIONS} connections.\n`);
  const row = (name, words, way) => {
    const some = samples[`${name} ${way}`];
    const rate = Math.round(1000 / median(values(some)));
    const inverse = (1 / Number(ratio(some, samples[`${name} bytes`]))).toFixed(2);
    return [WORDS[name], words, rate, inverse, ms(median(values(some, 'p50'))), ms(median(values(some, 'p99')))];
  };
  console.log(
    table(
      ['read', 'way', 'answers per second', 'x bare route', 'ms: p50', 'p99'],
      Object.keys(reads).flatMap((name) => [
        row(name, `bare Fastify route, the same ${reads[name].body.length} bytes ready to send`, 'bytes'),
        row(name, 'Vedette', 'app'),
        row(name, 'bare Fastify route, the same query, its rows as JSON', 'query'),
        row(name, `the same query by \`pg\`, no HTTP`, 'pg'),
      ]),
    ),
  );
  console.log(
    `\nThe page at depth ${DEPTH} takes ${ratio(samples['deep app'], samples['first app'])} times as long as the first; its query alone ${ratio(samples['deep pg'], samples['first pg'])} times.`,
  );
}
