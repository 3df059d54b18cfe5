import { setTimeout as sleep } from 'node:timers/promises';
import { startApplication } from './lib/application.mjs';
import { residentMemory, startProcess } from './lib/process.mjs';
import { connect } from './lib/server.mjs';
import { addCatalogue, addOrganizations, addOwner, addQuietPosture } from './lib/synthetic.mjs';
import { table } from './lib/table.mjs';

const ORGANIZATIONS = 1_000;
const TECHNIQUES = 700;
const PASSES = 3;
const SETTLE_MS = 2_000;
const IDLE_MS = 60_000;
const PASS_TIMEOUT_MS = 60_000;

/** Measures the resident memory of the server process with 8,000 rules. */
export async function memory(server) {
  const url = await server.createDatabase('memory');
  const client = await connect(url);
  try {
    await fill(url, client);
    // Without this, the process would evaluate all rules when it starts.
    await schedule(client, "now() + interval '1 day'");
    const vedette = await startProcess(server, {
      DATABASE_URL: url,
      VEDETTE_SECRET_KEY: 'this key protects benchmark data only',
      VEDETTE_ADMIN_PASSWORD: 'only for this benchmark',
    });
    try {
      report(await watch(client, vedette.pid));
    } finally {
      await vedette.stop();
    }
  } finally {
    await client.end();
  }
}

async function watch(client, pid) {
  const readings = [];
  const read = (moment) => readings.push([moment, residentMemory(pid)]);
  await sleep(SETTLE_MS);
  read('after start');
  for (let pass = 1; pass <= PASSES; pass++) {
    await fullPass(client);
    if (pass === 1) read('after a full pass');
  }
  read(`after ${PASSES} full passes`);
  await schedule(client, "now() + interval '1 day'");
  await sleep(IDLE_MS);
  read(`after ${IDLE_MS / 1000} s idle`);
  return readings;
}

/** Makes every rule due and waits until the process has evaluated all of them. */
async function fullPass(client) {
  await schedule(client, "now() - interval '1 second'");
  const overdue = async () =>
    (
      await client.query(
        'SELECT count(*)::int AS count FROM rule_schedule WHERE next_evaluation_at < last_evaluated_at',
      )
    ).rows[0].count;
  for (const end = Date.now() + PASS_TIMEOUT_MS; (await overdue()) > 0; await sleep(100)) {
    if (Date.now() > end) throw new Error('the due rules were not evaluated in time');
  }
}

/** @param at the SQL expression for the instant at which all rules are due. */
function schedule(client, at) {
  return client.query(`UPDATE rule_schedule SET next_evaluation_at = ${at}, last_evaluated_at = now()`);
}

async function fill(url, client) {
  const app = await startApplication(url);
  try {
    await addCatalogue(client, TECHNIQUES);
    const ownerId = await addOwner(client);
    await addQuietPosture(client, await addOrganizations(client, ORGANIZATIONS, ownerId), ownerId);
    await app.seedSystemRules();
    await client.query('VACUUM ANALYZE');
  } finally {
    await app.stop();
  }
}

function report(readings) {
  const mb = (value) => (value === undefined ? '' : Math.round(value));
  console.log(`${ORGANIZATIONS} organisations, ${TECHNIQUES} techniques and 8 rules in each.\n`);
  console.log(
    table(
      ['moment', 'resident memory, MB', 'maximum so far, MB'],
      readings.map(([moment, { now, max }]) => [moment, mb(now), mb(max)]),
    ),
  );
}
