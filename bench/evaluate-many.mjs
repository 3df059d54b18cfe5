import { EvaluationService } from '../dist/src/evaluation/index.js';
import { RuleMeasurer } from '../dist/src/evaluators/index.js';
import { startApplication } from './lib/application.mjs';
import { followEngine } from './lib/engine.mjs';
import { interleaved, median, Phases, ratio, spread, values } from './lib/measure.mjs';
import { connect } from './lib/server.mjs';
import { MeasuringProbe, recordAll, replay, replayInTransaction } from './lib/statements.mjs';
import { addCatalogue, addOrganizations, addOwner, addQuietPosture } from './lib/synthetic.mjs';
import { ms, table } from './lib/table.mjs';

const TECHNIQUES = 700;
const RULES_EACH = 8;
const SIZES = [
  { organizations: 1, rounds: 25 },
  { organizations: 100, rounds: 15 },
  { organizations: 1_000, rounds: 7 },
];

/** A full pass of the engine over many organisations, all rules due and none firing. */
export async function evaluateMany(server) {
  const url = await server.createDatabase('evaluate_many');
  const app = await startApplication(url);
  const client = await connect(url);
  const phases = new Phases();
  followEngine(app, phases);
  const probe = new MeasuringProbe(app.provider(RuleMeasurer), phases);
  try {
    await addCatalogue(client, TECHNIQUES);
    const ownerId = await addOwner(client);
    const results = [];
    let have = 0;
    for (const size of SIZES) {
      await addQuietPosture(client, await addOrganizations(client, size.organizations - have, ownerId), ownerId);
      await app.seedSystemRules();
      await client.query('VACUUM ANALYZE');
      have = size.organizations;
      results.push({ ...size, samples: await measure({ app, client, phases, probe, size }) });
    }
    report(results);
  } finally {
    await client.end();
    await app.stop();
  }
}

async function measure({ app, client, phases, probe, size }) {
  const evaluation = app.provider(EvaluationService);
  const pass = async () => {
    const { rulesEvaluated, fired } = await evaluation.evaluateDue();
    if (rulesEvaluated !== size.organizations * RULES_EACH || fired.length > 0)
      throw new Error(`${rulesEvaluated} rules were evaluated and ${fired.length} fired`);
  };
  /** All rules are due again, as if nothing had been evaluated since. What a pass leaves behind does not slow the next one down. */
  const prepare = async () => {
    await client.query(
      "UPDATE rule_state SET next_evaluation_at = now() - interval '1 hour', last_evaluated_at = NULL",
    );
    await client.query('TRUNCATE evaluation_run');
    await client.query('VACUUM rule_state');
    phases.take();
  };
  /** A replay that found nothing to claim or wrote nothing would look fast. */
  const expectRuns = async () => {
    const { rows } = await client.query(
      `SELECT (SELECT count(*)::int FROM evaluation_run) AS runs, (SELECT count(*)::int FROM rule_state WHERE last_evaluated_at IS NULL) AS missed`,
    );
    if (rows[0].runs !== size.organizations || rows[0].missed > 0)
      throw new Error('the replayed statements did not do what the pass did');
  };
  await prepare();
  let measuring;
  const everything = await recordAll(async () => {
    measuring = await probe.record(pass);
  });
  const byType = wholeTypes(measuring);
  return interleaved(
    {
      floor: { prepare, run: () => replayInTransaction(client, measuring) },
      wholeTypes: { prepare, run: () => replayInTransaction(client, byType) },
      bare: { prepare, run: () => replay(client, everything), after: expectRuns },
      pass: { prepare, run: pass, after: () => phases.take() },
    },
    size.rounds,
  );
}

/** The statements of all batches as one of each text, their arrays joined: one statement a type for all organisations. */
function wholeTypes(statements) {
  return [...new Set(statements.map(({ text }) => text))].map((text) => {
    const batches = statements.filter((statement) => statement.text === text).map((statement) => statement.values);
    return {
      text,
      values: batches[0].map((value, index) =>
        Array.isArray(value) ? batches.flatMap((batch) => batch[index]) : value,
      ),
    };
  });
}

function report(results) {
  const perRow = (row) => results.flatMap(({ organizations, samples }) => row(samples, organizations));
  console.log(`${TECHNIQUES} techniques and ${RULES_EACH} rules in each organisation.\n`);
  console.log(
    table(
      ['organisations', 'way', 'ms: median (range)', 'x floor'],
      perRow((samples, organizations) => [
        [
          organizations,
          'floor: the statements of the evaluators by `pg`, in a transaction',
          ...numbers('floor', samples),
        ],
        [organizations, 'the same, one statement a type over all organisations', ...numbers('wholeTypes', samples)],
        [
          organizations,
          'all statements of the pass by `pg`: claiming, measuring, writing',
          ...numbers('bare', samples),
        ],
        [organizations, 'the pass: `EvaluationService.evaluateDue()`', ...numbers('pass', samples)],
      ]),
    ),
  );
  console.log('\nWhere the time of a pass goes (median ms):\n');
  const part = (samples, value) => ms(median(samples.pass.map(value)));
  console.log(
    table(
      [
        'organisations',
        'claiming',
        'measuring, in SQL',
        'measuring, the rest',
        'next due times',
        'writing state and runs',
        'deciding, commit',
      ],
      results.map(({ organizations, samples }) => [
        organizations,
        part(samples, (sample) => sample.claiming),
        part(samples, (sample) => sample['measuring in SQL']),
        part(samples, (sample) => sample.measuring - sample['measuring in SQL']),
        part(samples, (sample) => sample.scheduling),
        part(samples, (sample) => sample['writing state'] - sample.scheduling),
        part(samples, (sample) => sample.ms - sample.claiming - sample.measuring - sample['writing state']),
      ]),
    ),
  );
  const last = results.at(-1).samples;
  console.log(
    `\nAt ${results.at(-1).organizations} organisations the pass takes ${ratio(last.pass, last.bare)} times as long as all its statements sent bare.`,
  );
}

function numbers(way, samples) {
  return [spread(values(samples[way])), ratio(samples[way], samples.floor)];
}
