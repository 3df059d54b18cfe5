import { EvaluationPass } from '../dist/src/evaluation/evaluation-pass.js';
import { EvaluationService } from '../dist/src/evaluation/index.js';
import { RuleMeasurer } from '../dist/src/evaluators/index.js';
import { AlertWriter } from '../dist/src/instances/index.js';
import { AlertNotifier } from '../dist/src/notifications/index.js';
import { WebhookOutbox } from '../dist/src/webhooks/index.js';
import { startApplication } from './lib/application.mjs';
import { followEngine } from './lib/engine.mjs';
import { interleaved, median, Phases, ratio, spread, values } from './lib/measure.mjs';
import { connect } from './lib/server.mjs';
import {
  addBreachingRules,
  addCatalogue,
  addEndpoints,
  addLeads,
  addOrganizations,
  addOwner,
  addQuietPosture,
} from './lib/synthetic.mjs';
import { ms, table } from './lib/table.mjs';

const ORGANIZATIONS = 1_000;
const TECHNIQUES = 40;
const LEADS_EACH = 10;
const ENDPOINTS_EACH = 2;
const ROUNDS = 3;

/** The rows that a pass writes to each table, in the order that the foreign keys need. */
const TABLES = { alert_instance: 10_000, notification: 100_000, webhook_event: 10_000, webhook_delivery: 20_000 };

/** The floor sends this many rows in one statement. */
const ROWS_PER_STATEMENT = 10_000;

/** Measures a pass that opens 10,000 alerts, with 10 notifications and 2 webhook deliveries each. */
export async function openAlerts(server) {
  const url = await server.createDatabase('open_alerts');
  const app = await startApplication(url);
  const client = await connect(url);
  const phases = new Phases();
  follow(app, phases);
  try {
    await fill(client);
    report(await measure({ app, client, phases }));
  } finally {
    await client.end();
    await app.stop();
  }
}

async function fill(client) {
  await addCatalogue(client, TECHNIQUES);
  const ownerId = await addOwner(client);
  const organizationIds = await addOrganizations(client, ORGANIZATIONS, ownerId);
  await addQuietPosture(client, organizationIds, ownerId);
  await addLeads(client, organizationIds, LEADS_EACH);
  await addEndpoints(client, organizationIds, ENDPOINTS_EACH);
  await addBreachingRules(client, organizationIds);
  await client.query('VACUUM ANALYZE');
}

function follow(app, phases) {
  followEngine(app, phases);
  phases.follow(app.provider(RuleMeasurer), 'measure', 'measuring');
  phases.follow(app.provider(AlertWriter), 'open', 'alert_instance');
  phases.follow(app.provider(AlertNotifier), 'notify', 'notification');
  phases.follow(app.provider(WebhookOutbox), 'enqueue', 'webhook_delivery');
  phases.follow(app.provider(EvaluationPass), 'run', 'pass');
}

async function measure({ app, client, phases }) {
  const evaluation = app.provider(EvaluationService);
  /** Removes all alerts and makes all rules due. */
  const prepare = async () => {
    await client.query(
      'TRUNCATE alert_instance, alert_count, notification, notification_skip, email_notice, email_delivery, webhook_event, webhook_delivery, webhook_attempt, evaluation_run',
    );
    await client.query("UPDATE rule_schedule SET next_evaluation_at = now() - interval '1 hour'");
    await client.query('UPDATE rule_state SET last_fired_at = NULL');
    await client.query('VACUUM rule_schedule, rule_state');
    await client.query('CHECKPOINT');
    phases.take();
  };
  const after = async () => {
    for (const [name, count] of Object.entries(TABLES)) {
      const { rows } = await client.query(`SELECT count(*)::int AS count FROM ${name}`);
      if (rows[0].count !== count) throw new Error(`${name} has ${rows[0].count} rows, not ${count}`);
    }
    return phases.take();
  };
  await prepare();
  await evaluation.evaluateDue();
  await after();
  const inserts = await copyRowsOfPass(client);
  return interleaved(
    {
      floor: { prepare, run: () => insertByHand(client, inserts, phases), after },
      copied: { prepare, run: () => copyRows(client, phases), after },
      pass: { prepare, run: () => evaluation.evaluateDue(), after },
    },
    ROUNDS,
  );
}

/**
 * Copies the rows of a pass, in the order of writing: as arrays for statements, and into tables without an index.
 * @returns for each table: its `INSERT` statement, and the values of each execution.
 */
async function copyRowsOfPass(client) {
  const inserts = [];
  for (const name of Object.keys(TABLES)) {
    const { rows: columns } = await client.query(
      `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_attribute
       WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
      [name],
    );
    await client.query(`CREATE TABLE copy_of_${name} AS SELECT * FROM ${name} ORDER BY ctid`);
    const { rows } = await client.query({
      text: `SELECT ${columns.map((column) => `${column.name}::text`).join(', ')} FROM copy_of_${name} ORDER BY ctid`,
      rowMode: 'array',
    });
    const written = columns
      .map((column, index) => ({ ...column, index }))
      .filter(({ index }) => rows.some((row) => row[index] !== null));
    const names = written.map((column) => column.name).join(', ');
    const arrays = written.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ');
    const executions = [];
    for (let from = 0; from < rows.length; from += ROWS_PER_STATEMENT) {
      const some = rows.slice(from, from + ROWS_PER_STATEMENT);
      executions.push(written.map(({ index }) => some.map((row) => row[index])));
    }
    inserts.push({ name, text: `INSERT INTO ${name} (${names}) SELECT * FROM unnest(${arrays})`, executions });
  }
  return inserts;
}

async function insertByHand(client, inserts, phases) {
  await client.query('BEGIN');
  for (const { name, text, executions } of inserts) {
    await phases.time(name, async () => {
      for (const values of executions) await client.query(text, values);
    });
  }
  await phases.time('commit', () => client.query('COMMIT'));
}

async function copyRows(client, phases) {
  await client.query('BEGIN');
  for (const name of Object.keys(TABLES)) {
    await phases.time(name, () => client.query(`INSERT INTO ${name} SELECT * FROM copy_of_${name}`));
  }
  await phases.time('commit', () => client.query('COMMIT'));
}

function report({ floor, copied, pass }) {
  const opening = pass.map((sample) => ({ ms: sample['writing alerts'] }));
  const row = (words, some) => [words, spread(values(some)), ratio(some, floor), ratio(some, copied)];
  console.log(
    table(
      ['way', 'ms: median (range)', 'x floor', 'x copying'],
      [
        row('floor: the same rows sent by `pg` in multi-row inserts, in a transaction', floor),
        row('the same rows copied from tables that have them already, in a transaction', copied),
        row('the pass: `EvaluationService.evaluateDue()`', pass),
        row('of that, writing alerts, notifications and deliveries (two simultaneous batches, added up)', opening),
      ],
    ),
  );
  console.log('\nWhere the time goes (median ms; two simultaneous batches of the pass are added up):\n');
  const of = (samples, value) => ms(median(samples.map(value)));
  const line = (words, value) => [words, of(floor, value), of(copied, value), of(pass, value)];
  console.log(
    table(
      ['part', 'floor', 'copying', 'pass'],
      [
        line('alerts', (sample) => sample.alert_instance),
        line('notifications', (sample) => sample.notification),
        // The pass writes an event and its deliveries in one call.
        line('events and deliveries', (sample) => (sample.webhook_event ?? 0) + sample.webhook_delivery),
        ['claiming', '', '', of(pass, (sample) => sample.claiming)],
        ['measuring, with evidence', '', '', of(pass, (sample) => sample.measuring)],
        ['writing state and runs', '', '', of(pass, (sample) => sample['writing state'])],
        [
          'deciding, and the texts and bodies of alerts',
          '',
          '',
          of(
            pass,
            (sample) =>
              sample.pass - sample.measuring - sample.alert_instance - sample.notification - sample.webhook_delivery,
          ),
        ],
        ['commit', of(floor, (sample) => sample.commit), of(copied, (sample) => sample.commit), ''],
      ],
    ),
  );
}
