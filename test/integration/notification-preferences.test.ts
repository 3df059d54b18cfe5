import { AuthModule } from '../../src/auth/index.js';
import { Transactions } from '../../src/database/index.js';
import { AlertNotifier, NotificationsModule, type AlertNotice } from '../../src/notifications/index.js';
import { someAlerts, type AlertFacts } from '../support/alert-factories.js';
import { aSignedInMember, anApiKey } from '../support/auth-factories.js';
import { anOrganization } from '../support/factories.js';
import { startTestHttp, type Answer, type TestHttp } from '../support/http.js';
import { NOW } from '../support/test-module.js';

const PATH = '/api/v1/notifications/preferences';
const DEFAULTS = {
  min_severity: 'info',
  rule_types: null,
  in_app: true,
  email: 'off',
  digest_hour: 8,
  time_zone: 'UTC',
  quiet_hours: null,
};

let http: TestHttp;
let organizationId: string;
let token: string;
let userId: string;

beforeAll(async () => {
  http = await startTestHttp([AuthModule, NotificationsModule], {
    environment: { VEDETTE_SMTP_URL: 'smtp://127.0.0.1:9' },
  });
});

afterAll(async () => {
  await http.close();
});

beforeEach(async () => {
  organizationId = await anOrganization(http.database);
  ({ token, userId } = await aSignedInMember(http, organizationId, 'blue_lead'));
});

const put = (body: unknown): Promise<Answer> => http.request('PUT', PATH, { token, body });

/** Opens an alert and notifies its audience. */
async function fire(facts: AlertFacts = {}, notice: Partial<AlertNotice> = {}): Promise<string> {
  const [alertId] = await someAlerts(http.database, organizationId, [facts]);
  await tell({ alertId: alertId!, severity: facts.severity ?? 'low', ...notice });
  return alertId!;
}

async function tell(changes: Partial<AlertNotice>): Promise<void> {
  const notice: AlertNotice = {
    organizationId,
    alertId: null,
    event: 'alert.fired',
    severity: 'low',
    title: 'Orphans',
    message: '7 techniques have no owner.',
    occurredAt: NOW,
    ...changes,
  };
  await http.module
    .get(Transactions, { strict: false })
    .run((manager) => http.module.get(AlertNotifier, { strict: false }).notify(manager, [notice]));
}

const notifiedOf = async (alertId: string): Promise<string[]> =>
  (
    await http.database.query<{ user_id: string }>('SELECT user_id FROM notification WHERE alert_id = $1', [alertId])
  ).map((row) => row.user_id);
const mailedOf = async (alertId: string): Promise<{ user_id: string; is_waiting: boolean }[]> =>
  http.database.query('SELECT user_id, delivery_id IS NULL AS is_waiting FROM email_notice WHERE alert_id = $1', [
    alertId,
  ]);
const skipsOf = async (alertId: string): Promise<unknown[]> =>
  http.database.query(
    'SELECT user_id, channel, reason FROM notification_skip WHERE alert_id = $1 ORDER BY channel DESC',
    [alertId],
  );

describe('preferences', () => {
  it('have defaults until a member sets them', async () => {
    expect((await http.request('GET', PATH, { token })).body).toEqual({ ...DEFAULTS, email_available: true });
    const wanted = {
      min_severity: 'high',
      rule_types: ['high_risk', 'low_coverage'],
      in_app: false,
      email: 'daily_digest',
      digest_hour: 17,
      time_zone: 'Europe/Paris',
      quiet_hours: { from: '22:00', until: '07:00' },
    };
    expect((await put(wanted)).body).toEqual({ ...wanted, email_available: true });
    expect((await http.request('GET', PATH, { token })).body).toEqual({ ...wanted, email_available: true });
    expect((await put({})).body).toEqual({ ...DEFAULTS, email_available: true });
  });

  it.each([
    ['min_severity', { min_severity: 'loud' }],
    ['rule_types[1]', { rule_types: ['high_risk', 'no_such'] }],
    ['rule_types', { rule_types: [] }],
    ['in_app', { in_app: 'yes' }],
    ['email', { email: 'weekly' }],
    ['digest_hour', { digest_hour: 24 }],
    ['digest_hour', { digest_hour: 7.5 }],
    ['time_zone', { time_zone: 'Europe/Atlantis' }],
    ['time_zone', { time_zone: '+02:00' }],
    ['quiet_hours', { quiet_hours: 'always' }],
    ['quiet_hours.from', { quiet_hours: { from: '24:00', until: '07:00' } }],
    ['quiet_hours.until', { quiet_hours: { from: '22:00' } }],
    ['quiet_hours.until', { quiet_hours: { from: '22:00', until: '22:00' } }],
    ['colour', { colour: 'red' }],
  ])('refuse an invalid %s and change nothing', async (field, body) => {
    expect(await put(body)).toMatchObject({ status: 400, body: { errors: [{ field }] } });
    expect((await http.request('GET', PATH, { token })).body).toMatchObject(DEFAULTS);
  });

  it('list the known rule types when they refuse an unknown one', async () => {
    const answer = await put({ rule_types: ['no_such'] });
    expect(answer.body.detail).toBe(
      'rule_types[0] must be one of: high_risk, stale_technique, coverage_regression, low_coverage, expiry_wave, new_technique, orphan_spike',
    );
  });

  it('are refused to an API key', async () => {
    const { key } = await anApiKey(http, organizationId, { role: 'admin' });
    expect((await http.request('GET', PATH, { token: key })).status).toBe(403);
  });
});

describe('the audience of a notice', () => {
  it('is by default every admin and lead, in the app only', async () => {
    const alertId = await fire({ severity: 'info' });
    expect(await notifiedOf(alertId)).toEqual([userId]);
    expect([await mailedOf(alertId), await skipsOf(alertId)]).toEqual([[], []]);
  });

  it('excludes members who want a higher severity, and records the reason', async () => {
    await put({ min_severity: 'high', email: 'immediate' });
    const quiet = await fire({ severity: 'medium' });
    expect([await notifiedOf(quiet), await mailedOf(quiet)]).toEqual([[], []]);
    expect(await skipsOf(quiet)).toEqual([
      { user_id: userId, channel: 'in_app', reason: 'min_severity' },
      { user_id: userId, channel: 'email', reason: 'min_severity' },
    ]);
    const loud = await fire({ severity: 'high' });
    expect([await notifiedOf(loud), await skipsOf(loud)]).toEqual([[userId], []]);
    expect(await mailedOf(loud)).toEqual([{ user_id: userId, is_waiting: false }]);
  });

  it('excludes members who do not want the rule type, except for notices without a rule type', async () => {
    await put({ rule_types: ['high_risk'] });
    const orphans = await fire();
    expect(await notifiedOf(orphans)).toEqual([]);
    expect(await skipsOf(orphans)).toEqual([{ user_id: userId, channel: 'in_app', reason: 'rule_type' }]);
    await tell({ event: 'rule.failing' });
    expect((await http.request('GET', '/api/v1/notifications', { token })).body).toMatchObject({
      total: 1,
      items: [{ event: 'rule.failing' }],
    });
    expect(await notifiedOf(await fire({ ruleType: 'high_risk' }))).toEqual([userId]);
  });

  it('gets e-mail only if the app is off, once for repeated notices', async () => {
    await put({ in_app: false, email: 'daily_digest' });
    const alertId = await fire();
    await tell({ alertId });
    expect(await notifiedOf(alertId)).toEqual([]);
    expect(await mailedOf(alertId)).toEqual([{ user_id: userId, is_waiting: true }]);
    expect(await skipsOf(alertId)).toEqual([{ user_id: userId, channel: 'in_app', reason: 'channel_off' }]);
  });

  it('gets e-mail but no notification from a rule that does not notify in the app', async () => {
    await put({ email: 'immediate' });
    const plain = await aSignedInMember(http, organizationId, 'red_lead');
    const alertId = await fire({}, { notifyInApp: false });
    expect(await notifiedOf(alertId)).toEqual([]);
    expect(await mailedOf(alertId)).toEqual([{ user_id: userId, is_waiting: false }]);
    const skips = await skipsOf(alertId);
    expect(skips).toHaveLength(2);
    for (const person of [userId, plain.userId]) {
      expect(skips).toContainEqual({ user_id: person, channel: 'in_app', reason: 'not_notified' });
    }

    // E-mail follows the preferences of the member, and records its own reason.
    await put({ email: 'immediate', min_severity: 'critical', in_app: false });
    const mild = await fire({ severity: 'low' }, { notifyInApp: false });
    expect(await mailedOf(mild)).toEqual([]);
    expect(await skipsOf(mild)).toEqual(
      expect.arrayContaining([
        { user_id: userId, channel: 'in_app', reason: 'not_notified' },
        { user_id: userId, channel: 'email', reason: 'min_severity' },
      ]),
    );
  });

  it('uses the preferences of the same organisation', async () => {
    await put({ min_severity: 'critical' });
    const other = await anOrganization(http.database, { name: 'Other' });
    await http.database.query(`INSERT INTO membership (organization_id, user_id, role) VALUES ($1, $2, 'admin')`, [
      other,
      userId,
    ]);
    const [theirs] = await someAlerts(http.database, other, [{}]);
    await tell({ organizationId: other, alertId: theirs! });
    expect(await notifiedOf(theirs!)).toEqual([userId]);
  });
});

it('refuses e-mail without a mail server', async () => {
  const without = await startTestHttp([AuthModule, NotificationsModule]);
  const organization = await anOrganization(without.database);
  const member = await aSignedInMember(without, organization, 'viewer');
  const answer = await without.request('PUT', PATH, { token: member.token, body: { email: 'immediate' } });
  expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'email' }] } });
  await without.close();
});
