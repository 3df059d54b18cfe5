import { AsOfPostureReader, LivePostureReader } from '../dist/src/posture/index.js';
import { DataSource } from 'typeorm';
import { Api, startApplication } from './lib/application.mjs';
import { interleaved, median, ratio, spread, values } from './lib/measure.mjs';
import { connect } from './lib/server.mjs';
import { addBusyHistory, addCatalogue, addOrganizations, addOwner } from './lib/synthetic.mjs';
import { table } from './lib/table.mjs';

const TECHNIQUES = 700;
const ORGANIZATIONS = 10;
const DAYS = 365;
/** Each technique changes once in this many days. */
const DAYS_BETWEEN = 7;
const DAY_MS = 86_400_000;
const READS = 20;
const BACKTESTS = 5;
const UPDATES = 5;

const RULES = {
  high_risk: { min_risk_score: 75, min_count: 150 },
  stale_technique: { days_stale: 30, min_count: 30 },
  coverage_regression: { min_drop_pct: 1 },
  low_coverage: { max_coverage_pct: 75 },
  expiry_wave: { min_pending_count: 30 },
  new_technique: { lookback_days: 7, min_count: 1 },
  orphan_spike: { min_orphan_count: 10 },
};

/** Measures reads of past posture, backtests over a year, and the cost of keeping history for a write. */
export async function postureHistory(server) {
  const url = await server.createDatabase('posture_history');
  const app = await startApplication(url);
  const client = await connect(url);
  try {
    await addCatalogue(client, TECHNIQUES, { recent: 0 });
    const ownerId = await addOwner(client);
    const organizationIds = await addOrganizations(client, ORGANIZATIONS, ownerId);
    await addBusyHistory(client, organizationIds, ownerId, { days: DAYS, daysBetween: DAYS_BETWEEN });
    await client.query('VACUUM ANALYZE');
    const [organizationId] = organizationIds;
    console.log(await sizes(client));
    console.log(tableOfReads(await measureReads(app.provider(DataSource), organizationId)));
    const api = new Api(app.address, await app.createToken(organizationId));
    console.log(await measureBacktests(api));
    await api.close();
    console.log(await measureUpdates(client));
  } finally {
    await client.end();
    await app.stop();
  }
}

async function sizes(client) {
  const { rows } = await client.query(
    `SELECT count(*) AS versions, pg_total_relation_size('posture_history') / 1024 / 1024 AS mb FROM posture_history`,
  );
  return `${rows[0].versions} superseded versions, ${rows[0].mb} MB with their indexes.\n`;
}

async function measureReads({ manager }, organizationId) {
  const read = (reader) => async () => {
    const rows = await reader.query(`SELECT * FROM ${reader.relations.posture} p WHERE organization_id = $1`, [
      organizationId,
    ]);
    if (rows.length !== TECHNIQUES) throw new Error(`read ${rows.length} techniques of ${TECHNIQUES}`);
  };
  const daysAgo = (days) => new AsOfPostureReader(manager, new Date(Date.now() - days * DAY_MS));
  const ways = { 'posture as it is now (floor)': { run: read(new LivePostureReader(manager)) } };
  for (const days of [1, 30, 120, 364]) ways[`posture as of ${days} days ago`] = { run: read(daysAgo(days)) };
  ways['the same of 120 days ago, reading all versions of the organisation'] = {
    run: () => readAllVersions(manager, organizationId, new Date(Date.now() - 120 * DAY_MS)),
  };
  return interleaved(ways, READS);
}

/** Reads past posture without the key of the history table: checks every version for whether it was valid. */
async function readAllVersions(manager, organizationId, at) {
  const columns =
    'organization_id, technique_id, status_global, last_review_date, risk_score, owner_id, in_force, mitre_last_modified';
  const rows = await manager.query(
    `SELECT ${columns} FROM posture WHERE organization_id = $1 AND valid_from <= $2
     UNION ALL SELECT ${columns} FROM posture_history WHERE organization_id = $1 AND valid_from <= $2 AND valid_to > $2`,
    [organizationId, at],
  );
  if (rows.length !== TECHNIQUES) throw new Error(`read ${rows.length} techniques of ${TECHNIQUES}`);
}

function tableOfReads(samples) {
  const [floor] = Object.values(samples);
  return table(
    ['way', 'ms: median (range)', 'x floor'],
    Object.entries(samples).map(([way, of]) => [way, spread(values(of)), ratio(of, floor)]),
  );
}

async function measureBacktests(api) {
  const to = new Date();
  const from = new Date(to.getTime() - DAYS * DAY_MS);
  const rows = [];
  for (const [rule_type, config] of Object.entries(RULES)) {
    const body = { rule_type, config, cooldown_hours: 24, from: from.toISOString(), to: to.toISOString(), step: 'day' };
    const times = [];
    let answer;
    for (let round = 0; round <= BACKTESTS; round++) {
      const started = performance.now();
      answer = await api.call('POST', '/api/v1/rules/backtest', body);
      if (round > 0) times.push(performance.now() - started);
    }
    if (answer.points.length !== DAYS + 1) throw new Error(`${answer.points.length} points of ${DAYS + 1}`);
    rows.push([rule_type, answer.points.length, answer.summary.fired, spread(times)]);
  }
  return `\n${table(['rule type', 'evaluations', 'fired', 'ms: median (range)'], rows)}`;
}

/** Measures an update of all posture rows, as an ATT&CK release makes it, with and without the history trigger. */
async function measureUpdates(client) {
  const update = () =>
    client.query(
      `UPDATE posture SET mitre_last_modified = mitre_last_modified + interval '1 second', version = version + 1,
         valid_from = date_trunc('milliseconds', now()), change_source = 'catalogue'`,
    );
  const way = (verb) => ({
    prepare: async () => {
      await client.query(`ALTER TABLE posture ${verb} TRIGGER keep_posture_versions`);
      await client.query('VACUUM posture');
      await client.query('CHECKPOINT');
    },
    run: update,
  });
  const samples = await interleaved({ without: way('DISABLE'), with: way('ENABLE') }, UPDATES);
  const perRow = (of) => ((median(values(of)) * 1_000) / (TECHNIQUES * ORGANIZATIONS)).toFixed(1);
  return `\n${table(
    [`${TECHNIQUES * ORGANIZATIONS} rows changed by one statement`, 'ms: median (range)', 'x without', 'µs per row'],
    Object.entries(samples).map(([name, of]) => [
      name === 'with' ? 'with the trigger' : 'without the trigger',
      spread(values(of)),
      ratio(of, samples.without),
      perRow(of),
    ]),
  )}`;
}
