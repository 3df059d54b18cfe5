import { Transactions } from '../dist/src/database/index.js';
import { RuleMeasurer } from '../dist/src/evaluators/index.js';
import { LivePostureReader } from '../dist/src/posture/index.js';
import { Api, startApplication } from './lib/application.mjs';
import { countInJavaScript } from './lib/count-in-javascript.mjs';
import { interleaved, median, Phases, ratio, spread, values } from './lib/measure.mjs';
import { followEngine } from './lib/engine.mjs';
import { connect } from './lib/server.mjs';
import { MeasuringProbe, replayInTransaction } from './lib/statements.mjs';
import { addLargeOrganization, twoPostures } from './lib/synthetic.mjs';
import { ms, table } from './lib/table.mjs';

const TECHNIQUES = 10_000;
const ROUNDS = 9;

/** How many of the eight system rules fire on each of the two postures. */
const FIRING = { quiet: 0, loud: 7 };

/** Measures an evaluation right after a PUT that changed all 10,000 techniques. */
export async function evaluateAfterPut(server) {
  const url = await server.createDatabase('evaluate_after_put');
  const app = await startApplication(url);
  const client = await connect(url);
  const organization = await addLargeOrganization(client, TECHNIQUES);
  await app.seedSystemRules();
  await client.query('UPDATE alert_rule SET cooldown_hours = 0');
  await client.query('VACUUM ANALYZE');
  const api = new Api(app.address, await app.createToken(organization.organizationId));
  const phases = new Phases();
  followEngine(app, phases);
  const probe = new MeasuringProbe(app.provider(RuleMeasurer), phases);
  try {
    const postures = twoPostures(organization);
    const put = (name) => {
      const body = Buffer.from(JSON.stringify({ items: postures[name] }));
      return () => api.call('PUT', '/api/v1/posture', body);
    };
    const puts = { quiet: put('quiet'), loud: put('loud') };
    for (const name of ['quiet', 'loud']) {
      const other = puts[name === 'quiet' ? 'loud' : 'quiet'];
      const samples = await measure({ name, put: puts[name], other, api, client, organization, phases, probe, app });
      report(name, samples);
    }
  } finally {
    await api.close();
    await client.end();
    await app.stop();
  }
}

async function measure({ name, put, other, api, client, organization, phases, probe, app }) {
  /** Each way starts from the same state: a vacuumed table, in which a PUT then changed all 10,000 rows. */
  const prepare = async () => {
    await other();
    await client.query('VACUUM posture');
    await put();
    phases.take();
  };
  const evaluate = async () => {
    const answer = await api.call('POST', '/api/v1/evaluations');
    if (answer.alerts_fired !== FIRING[name]) {
      throw new Error(`${answer.alerts_fired} rules fired, not ${FIRING[name]}`);
    }
    return answer;
  };
  await prepare();
  let answer;
  const statements = await probe.record(async () => (answer = await evaluate()));
  const ruleByRule = await statementsForEachRule(app, client, probe, organization.organizationId);
  await expectSameCounts(answer, client, organization.organizationId);
  return interleaved(
    {
      floor: { prepare, run: () => replayInTransaction(client, statements) },
      evaluation: { prepare, run: evaluate, after: () => phases.take() },
      prepared: { prepare, run: () => replayInTransaction(client, ruleByRule) },
      javascript: { prepare, run: () => countInJavaScript(client, organization.organizationId) },
    },
    ROUNDS,
  );
}

/** @returns the statements of evaluators that get one rule at a time, each with a name to prepare it under. */
async function statementsForEachRule(app, client, probe, organizationId) {
  const { rows } = await client.query(
    `SELECT id AS "ruleId", organization_id AS "organizationId", rule_type AS "ruleType", config::text AS config,
       scope::text AS scope FROM alert_rule
     WHERE organization_id = $1 ORDER BY created_at`,
    [organizationId],
  );
  const statements = await probe.record(() =>
    app.provider(Transactions).run(async (manager) => {
      const reader = new LivePostureReader(manager);
      for (const rule of rows) await app.provider(RuleMeasurer).measure([rule], new Date(), reader);
    }),
  );
  return statements.map((statement, index) => ({ ...statement, name: `rule_${index}` }));
}

/** The comparison is only fair if both ways count the same. */
async function expectSameCounts({ outcomes }, client, organizationId) {
  const counted = await countInJavaScript(client, organizationId);
  for (const { rule_id: id, rule_name: name, measured } of outcomes) {
    if (counted.get(id) !== measured) {
      throw new Error(`${name} measured ${measured}, but JavaScript counted ${counted.get(id)}`);
    }
  }
}

function report(name, { floor, evaluation, prepared, javascript }) {
  const row = (words, some) => [words, spread(values(some)), ratio(some, floor)];
  console.log(`\n${name === 'quiet' ? 'Nothing fires' : 'Seven of the eight rules fire'}:\n`);
  console.log(
    table(
      ['way', 'ms: median (range)', 'x floor'],
      [
        row('floor: the statements of the evaluators by `pg`, in a transaction', floor),
        row('`POST /evaluations`', evaluation),
        row('one prepared statement for each rule', prepared),
        row('loading all rows, counting in JavaScript (no evidence)', javascript),
      ],
    ),
  );
  const part = (words, value) => [words, ms(median(evaluation.map(value)))];
  console.log('\nWhere the time of `POST /evaluations` goes (median ms):\n');
  console.log(
    table(
      ['part', 'ms'],
      [
        part('claiming', (sample) => sample.claiming),
        part('measuring, in SQL', (sample) => sample['measuring in SQL']),
        part('measuring, the rest', (sample) => sample.measuring - sample['measuring in SQL']),
        part('writing alerts, notifications, deliveries', (sample) => sample['writing alerts']),
        part('writing state and run', (sample) => sample['writing state']),
        part(
          'HTTP, API key, deciding, commit, reading the alerts back',
          (sample) =>
            sample.ms - sample.claiming - sample.measuring - sample['writing alerts'] - sample['writing state'],
        ),
      ],
    ),
  );
}
