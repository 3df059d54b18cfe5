import pg from 'pg';
import { DataSource } from 'typeorm';
import { EvaluationService } from '../dist/src/evaluation/index.js';
import { RuleMeasurer } from '../dist/src/evaluators/index.js';
import { startApplication } from './lib/application.mjs';
import { countRuleByRule } from './lib/count-by-rule.mjs';
import { countEntities, countInJavaScript } from './lib/count-in-javascript.mjs';
import { followEngine } from './lib/engine.mjs';
import { interleaved, median, Phases, ratio, spread, values } from './lib/measure.mjs';
import { connect } from './lib/server.mjs';
import { MeasuringProbe, recordAll, replay, replayInTransaction } from './lib/statements.mjs';
import { addCatalogue, addOrganizations, addOwner, addQuietPosture } from './lib/synthetic.mjs';
import { ms, table } from './lib/table.mjs';

const TECHNIQUES = 700;
const RULES_EACH = 8;
const SIZES = [
  { organizations: 1, rounds: 25, slowRounds: 9, loads: true },
  { organizations: 100, rounds: 15, slowRounds: 3, loads: true },
  { organizations: 1_000, rounds: 7, slowRounds: 3, loads: false },
];

/** Connections for the queries of single rules, as many as the application has by default. */
const POOL_SIZE = 10;

/** Measures a full pass over many organisations. All rules are due and none fires. */
export async function evaluateMany(server) {
  const url = await server.createDatabase('evaluate_many');
  const app = await startApplication(url);
  const client = await connect(url);
  const pool = new pg.Pool({ connectionString: url, max: POOL_SIZE, idleTimeoutMillis: 0 });
  pool.on('error', () => undefined);
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
      results.push({ ...size, ...(await measure({ app, client, pool, phases, probe, size })) });
    }
    report(results);
  } finally {
    await pool.end();
    await client.end();
    await app.stop();
  }
}

async function measure({ app, client, pool, phases, probe, size }) {
  const evaluation = app.provider(EvaluationService);
  const pass = async () => {
    const { rulesEvaluated, fired } = await evaluation.evaluateDue();
    if (rulesEvaluated !== size.organizations * RULES_EACH || fired.length > 0) {
      throw new Error(`${rulesEvaluated} rules were evaluated and ${fired.length} fired`);
    }
  };
  /** Makes all rules due again, and clears the rows of the last pass so that they do not slow down the next one. */
  const prepare = async () => {
    await client.query(
      "UPDATE rule_schedule SET next_evaluation_at = now() - interval '1 hour', last_evaluated_at = NULL",
    );
    await client.query('TRUNCATE evaluation_run');
    await client.query('VACUUM rule_schedule, rule_state');
    phases.take();
  };
  /** A replay that claims nothing or writes nothing would look fast, so it must fail. */
  const expectRuns = async () => {
    const { rows } = await client.query(
      `SELECT (SELECT count(*)::int FROM evaluation_run) AS runs, (SELECT count(*)::int FROM rule_schedule WHERE last_evaluated_at IS NULL) AS missed`,
    );
    if (rows[0].runs !== size.organizations || rows[0].missed > 0) {
      throw new Error('the replayed statements did not do what the pass did');
    }
  };
  await prepare();
  let measuring;
  const everything = await recordAll(async () => {
    measuring = await probe.record(pass);
  });
  const byType = oneStatementPerType(measuring);
  const others = await otherWays({ app, client, pool });
  const floorAndPass = {
    floor: { prepare, run: () => replayInTransaction(client, measuring) },
    pass: { prepare, run: pass, after: () => phases.take() },
  };
  const samples = await interleaved(
    {
      ...floorAndPass,
      oneStatementPerType: { prepare, run: () => replayInTransaction(client, byType) },
      bare: { prepare, run: () => replay(client, everything), after: expectRuns },
      perRule: { prepare, run: others.perRule },
      ...(size.loads ? { loaded: { prepare, run: others.loaded } } : {}),
    },
    size.rounds,
  );
  // Ways that take seconds run in fewer, separate rounds.
  const slow = await interleaved(
    {
      ...floorAndPass,
      perRuleSaved: { prepare, run: others.perRuleSaved },
      ...(size.loads ? { entities: { prepare, run: others.entities } } : {}),
    },
    size.slowRounds,
  );
  const afterChange =
    size.organizations >= 100 ? await measureAfterChange({ client, evaluation, probe, size }) : undefined;
  return { samples, slow, afterChange };
}

/** Measures the evaluation after the posture of one in a hundred organisations changed. Snapshot rules ignore it. */
async function measureAfterChange({ client, evaluation, probe, size }) {
  const organizations = size.organizations / 100;
  const prepare = () =>
    client.query(
      `INSERT INTO posture_change (organization_id, kinds, first_changed_at, due_at)
       SELECT id, ARRAY['posture', 'queue'], now() - interval '1 s', now() - interval '1 s'
       FROM organization WHERE id IN (SELECT organization_id FROM posture) ORDER BY id LIMIT $1`,
      [organizations],
    );
  const run = async () => {
    const { rulesEvaluated, runs } = await evaluation.evaluateChanged();
    if (runs.length !== organizations || rulesEvaluated < organizations * (RULES_EACH - 1)) {
      throw new Error(`${rulesEvaluated} rules of ${runs.length} organisations were evaluated`);
    }
  };
  await prepare();
  const measuring = await probe.record(run);
  return interleaved(
    { floor: { run: () => replayInTransaction(client, measuring) }, changed: { prepare, run } },
    size.rounds * 3,
  );
}

/** Ways to measure the same rules without sets. Their counts are checked against those of the last pass. */
async function otherWays({ app, client, pool }) {
  const { rows: rules } = await client.query(
    'SELECT id, organization_id, rule_type, config FROM alert_rule ORDER BY organization_id, created_at',
  );
  const organizationIds = [...new Set(rules.map(({ organization_id: id }) => id))];
  const ways = {
    perRule: () => countRuleByRule(pool, rules),
    perRuleSaved: () => countRuleByRule(pool, rules, { saves: true }),
    async loaded() {
      const all = [];
      for (const id of organizationIds) all.push(...(await countInJavaScript(client, id)));
      return new Map(all);
    },
    entities: () => countEntities(app.provider(DataSource), rules),
  };
  const { rows: outcomes } = await client.query(
    'SELECT outcome.* FROM evaluation_run, jsonb_to_recordset(outcomes) AS outcome (rule_id uuid, measured float8)',
  );
  // The loading ways are slow, so they are only checked with one organisation.
  const counted = await (organizationIds.length > 1 ? ways.perRule() : ways.loaded());
  const also = organizationIds.length > 1 ? counted : await ways.perRule();
  const entities = organizationIds.length > 1 ? counted : await ways.entities();
  for (const { rule_id: id, measured } of outcomes) {
    for (const other of [counted, also, entities]) {
      if (other.get(id) !== measured) {
        throw new Error(`a rule measured ${measured}, but another way counted ${other.get(id)}`);
      }
    }
  }
  return ways;
}

const WAYS = [
  ['floor', 'floor: the statements of the evaluators by `pg`, in a transaction'],
  ['oneStatementPerType', 'the same, one statement for each rule type over all organisations'],
  ['bare', 'all statements of the pass by `pg`: claiming, measuring, writing'],
  ['pass', 'the pass: `EvaluationService.evaluateDue()`'],
  ['perRule', `one prepared query for each rule, ${POOL_SIZE} connections (no evidence)`],
  ['perRuleSaved', "the same, each followed by an `UPDATE` of the rule's state"],
  ['loaded', "loading each organisation's rows once, counting in JavaScript (no evidence)"],
  ['entities', 'loading entities for each rule by the ORM, counting in JavaScript (no evidence)'],
];

/** Joins the arrays of statements with the same text: one statement for each rule type, for all organisations. */
function oneStatementPerType(statements) {
  return [...new Set(statements.map(({ text }) => text))].map((text) => {
    const batches = statements.filter((statement) => statement.text === text).map((statement) => statement.values);
    return {
      text,
      values: batches[0].map((value, index) =>
        isArrayLiteral(value) ? `{${batches.map((batch) => batch[index].slice(1, -1)).join()}}` : value,
      ),
    };
  });
}

function isArrayLiteral(value) {
  return typeof value === 'string' && value.startsWith('{');
}

function report(results) {
  console.log(`${TECHNIQUES} techniques and ${RULES_EACH} rules in each organisation.\n`);
  console.log(
    table(
      ['organisations', 'way', 'ms: median (range)', 'x floor', 'x pass'],
      results.flatMap(({ organizations, samples, slow }) =>
        WAYS.flatMap(([way, words]) => {
          const among = samples[way] ? samples : slow;
          if (!among[way]) return [];
          const some = among[way];
          return [[organizations, words, spread(values(some)), ratio(some, among.floor), ratio(some, among.pass)]];
        }),
      ),
    ),
  );
  console.log(
    '\nWhere the time of a pass goes (median ms; two simultaneous batches are added up, so the parts exceed the whole):\n',
  );
  const part = (samples, value) => ms(median(samples.pass.map(value)));
  console.log(
    table(
      ['organisations', 'claiming', 'measuring, in SQL', 'measuring, the rest', 'writing state and runs'],
      results.map(({ organizations, samples }) => [
        organizations,
        part(samples, (sample) => sample.claiming),
        part(samples, (sample) => sample['measuring in SQL']),
        part(samples, (sample) => sample.measuring - sample['measuring in SQL']),
        part(samples, (sample) => sample['writing state']),
      ]),
    ),
  );
  for (const { organizations, afterChange } of results) {
    if (!afterChange) continue;
    console.log(
      `\nAfter a change of the posture of ${organizations / 100} of ${organizations} organisations, evaluating the affected rules takes ${spread(values(afterChange.changed))} ms, ${ratio(afterChange.changed, afterChange.floor)} times the measuring statements.`,
    );
  }
  const last = results.at(-1).samples;
  console.log(
    `\nAt ${results.at(-1).organizations} organisations the pass takes ${ratio(last.pass, last.bare)} times as long as its statements sent without the application.`,
  );
}
