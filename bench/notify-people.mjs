import { Transactions } from '../dist/src/database/index.js';
import { AlertNotifier } from '../dist/src/notifications/index.js';
import { startApplication } from './lib/application.mjs';
import { interleaved, median, ratio, spread, values } from './lib/measure.mjs';
import { connect } from './lib/server.mjs';
import { addLeads, addOrganizations, addOwner } from './lib/synthetic.mjs';
import { table } from './lib/table.mjs';

const ORGANIZATIONS = 200;
const ALERTS_EACH = 10;
const LEADS_EACH = 10;
const ROUNDS = 5;

/** Pairs of an alert and a lead. */
const PAIRS = ORGANIZATIONS * ALERTS_EACH * LEADS_EACH;

/** Preferences that a lead may have set (null: none), and the rows that each pair then makes. */
const PREFERENCES = {
  silent: { preferences: null, rows: { notification: 1 } },
  all: { preferences: { email: 'off' }, rows: { notification: 1 } },
  both: { preferences: { email: 'immediate' }, rows: { notification: 1, email_notice: 1, email_delivery: 1 } },
  digest: { preferences: { email: 'daily_digest', in_app: false }, rows: { email_notice: 1, notification_skip: 1 } },
  severe: { preferences: { email: 'immediate', min_severity: 'critical' }, rows: { notification_skip: 2 } },
};
const TABLES = ['notification', 'notification_skip', 'email_notice', 'email_delivery'];

/** The work of a notifier without preferences. */
const FLOOR = `
  INSERT INTO notification (id, organization_id, user_id, alert_id, event, severity, title, message, created_at)
  SELECT vedette_uuidv7(), n.organization_id, m.user_id, n.alert_id, 'alert.fired', n.severity, n.title, n.message, n.created_at
  FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[])
    AS n (organization_id, alert_id, severity, title, message, created_at)
  JOIN membership m ON m.organization_id = n.organization_id AND m.is_active AND m.role = ANY ('{admin,red_lead,blue_lead}')`;

/** Measures the notifier alone: 2,000 alerts for ten people each, in one way for each kind of preferences. */
export async function notifyPeople(server) {
  const url = await server.createDatabase('notify_people');
  // E-mail is written and not sent, because no background work runs.
  const app = await startApplication(url, { VEDETTE_SMTP_URL: 'smtp://127.0.0.1:9' });
  const client = await connect(url);
  try {
    const notices = await fill(client);
    report(await measure({ app, client, notices }));
  } finally {
    await client.end();
    await app.stop();
  }
}

/** @returns one notice for each alert. */
async function fill(client) {
  const organizationIds = await addOrganizations(client, ORGANIZATIONS, await addOwner(client));
  await addLeads(client, organizationIds, LEADS_EACH);
  const { rows } = await client.query(
    `INSERT INTO alert_instance (id, organization_id, rule_id, rule_name, rule_type, severity, title, message, details, last_occurred_at, created_at)
     SELECT vedette_uuidv7(), o.id, vedette_uuidv7(), 'Synthetic rule', 'high_risk', 'high', '12 techniques have a risk score of 75 or more',
       '12 techniques have a risk score of 75 or more; the rule fires at 3 or more. Highest risk: T1059.001 (97.5), T1003 (92).', '{}', now(), now()
     FROM unnest($1::uuid[]) o (id) CROSS JOIN generate_series(1, $2::int)
     RETURNING organization_id AS "organizationId", id AS "alertId", severity, title, message, created_at AS "occurredAt"`,
    [organizationIds, ALERTS_EACH],
  );
  await client.query('VACUUM ANALYZE');
  return rows.map((row) => ({ ...row, event: 'alert.fired' }));
}

async function measure({ app, client, notices }) {
  const notifier = app.provider(AlertNotifier);
  const transactions = app.provider(Transactions);
  const ways = Object.entries(PREFERENCES).map(([name, { preferences, rows }]) => [
    name,
    {
      prepare: () => prepare(client, preferences),
      run: () => transactions.run((manager) => notifier.notify(manager, notices)),
      after: () => check(client, name, rows),
    },
  ]);
  const floor = {
    prepare: () => prepare(client, null),
    run: () => writeByHand(client, notices),
    after: () => check(client, 'floor', PREFERENCES.silent.rows),
  };
  return interleaved({ floor, ...Object.fromEntries(ways) }, ROUNDS);
}

/** Removes all notifications, and gives every lead the same preferences. */
async function prepare(client, preferences) {
  await client.query(`TRUNCATE notification_preference, ${TABLES.join(', ')}`);
  if (preferences) {
    await client.query(
      `INSERT INTO notification_preference (organization_id, user_id, min_severity, in_app, email, digest_hour, time_zone, digest_due_at, updated_at)
       SELECT organization_id, user_id, $1, $2, $3, 8, 'UTC', now() + interval '1 day', now() FROM membership WHERE role = 'red_lead'`,
      [preferences.min_severity ?? 'info', preferences.in_app ?? true, preferences.email],
    );
  }
  await client.query('ANALYZE notification_preference');
  await client.query('CHECKPOINT');
}

async function check(client, name, rows) {
  for (const of of TABLES) {
    const expected = (rows[of] ?? 0) * PAIRS;
    const { count } = (await client.query(`SELECT count(*)::int AS count FROM ${of}`)).rows[0];
    if (count !== expected) throw new Error(`${name}: ${of} has ${count} rows, not ${expected}`);
  }
}

async function writeByHand(client, notices) {
  const column = (name) => notices.map((notice) => notice[name]);
  await client.query('BEGIN');
  await client.query(
    FLOOR,
    ['organizationId', 'alertId', 'severity', 'title', 'message', 'occurredAt'].map((name) => column(name)),
  );
  await client.query('COMMIT');
}

function report(samples) {
  const row = (words, name) => {
    const rows = Object.values(PREFERENCES[name]?.rows ?? { notification: 1 }).reduce((sum, each) => sum + each);
    const perRow = (median(values(samples[name])) / (rows * PAIRS)) * 1_000;
    return [words, rows * PAIRS, spread(values(samples[name])), ratio(samples[name], samples.floor), perRow.toFixed(1)];
  };
  console.log(
    table(
      ['way', 'rows', 'ms: median (range)', 'x floor', 'µs per row'],
      [
        row('floor: one `INSERT ... SELECT` without preferences, by `pg`', 'floor'),
        row('no lead has preferences', 'silent'),
        row('each lead wants every alert in the app', 'all'),
        row('each lead wants every alert in the app and by e-mail at once', 'both'),
        row('each lead wants only the daily digest (skipped in the app, recorded)', 'digest'),
        row('not severe enough for any lead (skipped in both channels, recorded)', 'severe'),
      ],
    ),
  );
}
