import { AuthModule } from '../../src/auth/index.js';
import { newId } from '../../src/common/ids.js';
import { Transactions } from '../../src/database/index.js';
import { InstancesModule } from '../../src/instances/index.js';
import { EmailWorker, AlertNotifier, NotificationsModule, type AlertNotice } from '../../src/notifications/index.js';
import { WebhooksModule } from '../../src/webhooks/index.js';
import { someAlerts } from '../support/alert-factories.js';
import { aSignedInMember, anApiKey } from '../support/auth-factories.js';
import { anEndpoint } from '../support/engine-factories.js';
import { aMember, anOrganization } from '../support/factories.js';
import { startTestHttp, type Answer, type TestHttp } from '../support/http.js';
import { startSmtpReceiver, type SmtpReceiver } from '../support/smtp-receiver.js';
import { NOW } from '../support/test-module.js';

let smtp: SmtpReceiver;
let http: TestHttp;
let organizationId: string;

beforeAll(async () => {
  smtp = await startSmtpReceiver();
  http = await startTestHttp([AuthModule, InstancesModule, NotificationsModule, WebhooksModule.register()], {
    environment: { VEDETTE_SMTP_URL: smtp.url },
  });
});

afterAll(async () => {
  await http.close();
  await smtp.close();
});

beforeEach(async () => {
  http.clock.set(NOW);
  // Removes e-mail that earlier tests left waiting.
  await http.database.query('DELETE FROM organization');
  organizationId = await anOrganization(http.database);
});

async function prefer(token: string, preferences: object): Promise<void> {
  const answer = await http.request('PUT', '/api/v1/notifications/preferences', { token, body: preferences });
  expect(answer.status).toBe(200);
}

/** A lead with preferences. */
async function aLeadWithToken(preferences?: object): Promise<{ userId: string; token: string }> {
  const { userId, token } = await aSignedInMember(http, organizationId, 'red_lead');
  await http.database.query('UPDATE membership SET created_at = $2 WHERE user_id = $1', [userId, new Date(0)]);
  if (preferences) await prefer(token, preferences);
  return { userId, token };
}

async function aLead(preferences?: object): Promise<string> {
  return (await aLeadWithToken(preferences)).userId;
}

async function another(role: 'viewer' | 'admin', isActive = true): Promise<string> {
  const { userId } = await aMember(http.database, organizationId, { role, isActive });
  await http.database.query('UPDATE membership SET created_at = $2 WHERE user_id = $1', [userId, new Date(0)]);
  return userId;
}

async function fire(notice: Partial<AlertNotice> = {}): Promise<string> {
  const [alertId] = await someAlerts(http.database, organizationId, [{}]);
  await http.module.get(Transactions, { strict: false }).run((manager) =>
    http.module.get(AlertNotifier, { strict: false }).notify(manager, [
      {
        organizationId,
        alertId: alertId!,
        event: 'alert.fired',
        severity: 'low',
        title: 'Orphans',
        message: 'Message',
        occurredAt: NOW,
        ...notice,
      },
    ]),
  );
  return alertId!;
}

async function trailOf(alertId: string): Promise<Answer> {
  const { key } = await anApiKey(http, organizationId, { role: 'viewer' });
  return http.request('GET', `/api/v1/instances/${alertId}/trail`, { token: key });
}

interface Item {
  channel: string;
  outcome: string;
  reason: string | null;
  user_id: string | null;
  at: string;
}

const ofUser = (answer: Answer, userId: string): string[] =>
  (answer.body.items as Item[])
    .filter(({ user_id: id }) => id === userId)
    .map(({ channel, outcome, reason }) => [channel, outcome, reason].filter(Boolean).join(' '))
    .sort();

it('lists every member by channel, with the reason if nothing was sent', async () => {
  const plain = await aLead();
  const severe = await aLead({ min_severity: 'high', email: 'immediate' });
  const typed = await aLead({ rule_types: ['high_risk'] });
  const mailed = await aLead({ in_app: false, email: 'immediate' });
  const digested = await aLead({ email: 'daily_digest' });
  const quiet = await aLead({ email: 'immediate', quiet_hours: { from: '11:00', until: '13:00' } });
  const viewer = await another('viewer');
  const inactive = await another('admin', false);
  const alertId = await fire();
  const late = await aMember(http.database, organizationId, { role: 'admin' });
  await http.module.get(EmailWorker, { strict: false }).drain();

  const answer = await trailOf(alertId);

  expect(answer.status).toBe(200);
  expect(ofUser(answer, plain)).toEqual(['in_app told']);
  expect(ofUser(answer, severe)).toEqual(['email not_told min_severity', 'in_app not_told min_severity']);
  expect(ofUser(answer, typed)).toEqual(['in_app not_told rule_type']);
  expect(ofUser(answer, mailed)).toEqual(['email told', 'in_app not_told channel_off']);
  expect(ofUser(answer, digested)).toEqual(['email waiting digest', 'in_app told']);
  expect(ofUser(answer, quiet)).toEqual(['email waiting quiet_hours', 'in_app told']);
  expect(ofUser(answer, viewer)).toEqual(['in_app not_told role']);
  expect(ofUser(answer, inactive)).toEqual(['in_app not_told inactive']);
  expect(ofUser(answer, late.userId)).toEqual(['in_app not_told joined_later']);
  const times = (answer.body.items as Item[]).map(({ at }) => at);
  expect([...times].sort()).toEqual(times);
  expect(answer.body.items).toContainEqual(
    expect.objectContaining({ user_id: digested, channel: 'email', next_attempt_at: '2026-03-11T08:00:00.000Z' }),
  );
});

describe('e-mail that waited while something changed', () => {
  const drain = (): Promise<number> => http.module.get(EmailWorker, { strict: false }).drain();
  const set = (userId: string, column: string, value: unknown): Promise<unknown> =>
    http.database.query(`UPDATE membership SET ${column} = $2 WHERE user_id = $1`, [userId, value]);

  it.each([
    ['inactive', (userId: string) => set(userId, 'is_active', false)],
    ['role', (userId: string) => set(userId, 'role', 'viewer')],
    ['turned_off', (_: string, token: string) => prefer(token, { email: 'off' })],
    ['min_severity', (_: string, token: string) => prefer(token, { email: 'immediate', min_severity: 'high' })],
    ['rule_type', (_: string, token: string) => prefer(token, { email: 'immediate', rule_types: ['high_risk'] })],
  ] as const)('tells that it was not sent, for the reason %s', async (reason, change) => {
    const { userId, token } = await aLeadWithToken({ email: 'immediate' });
    const alertId = await fire();
    const before = smtp.mails.length;
    await change(userId, token);

    expect(await drain()).toBe(0);

    expect(smtp.mails).toHaveLength(before);
    expect(ofUser(await trailOf(alertId), userId)).toEqual([`email not_told ${reason}`, 'in_app told']);
  });

  it('waits for the digest after its reader changed to digests', async () => {
    const { userId, token } = await aLeadWithToken({ email: 'immediate' });
    const alertId = await fire();
    await prefer(token, { email: 'daily_digest' });

    expect(await drain()).toBe(0);
    expect(ofUser(await trailOf(alertId), userId)).toEqual(['email waiting digest', 'in_app told']);
    http.clock.set(new Date('2026-03-11T08:00:00Z'));
    expect(await drain()).toBe(1);

    expect(smtp.mails.at(-1)!.headers.subject).toContain('Vedette digest: 1 notice');
    expect(ofUser(await trailOf(alertId), userId)).toEqual(['email told', 'in_app told']);
  });

  it('has its own outcome for each alert of a digest', async () => {
    const { userId, token } = await aLeadWithToken({ email: 'daily_digest' });
    const mild = await fire({ title: 'Mild' });
    const severe = await fire({ title: 'Severe', severity: 'critical' });
    await prefer(token, { email: 'daily_digest', min_severity: 'high' });
    http.clock.set(new Date('2026-03-11T08:00:00Z'));

    expect(await drain()).toBe(1);

    const { raw } = smtp.mails.at(-1)!;
    expect([raw.includes('Severe'), raw.includes('Mild')]).toEqual([true, false]);
    expect(ofUser(await trailOf(mild), userId)).toEqual(['email not_told min_severity', 'in_app told']);
    expect(ofUser(await trailOf(severe), userId)).toEqual(['email told', 'in_app told']);
  });

  it('is sent after its reader has removed the quiet hours', async () => {
    const { userId, token } = await aLeadWithToken({
      email: 'immediate',
      quiet_hours: { from: '11:00', until: '13:00' },
    });
    const alertId = await fire();
    expect(await drain()).toBe(0);
    expect(ofUser(await trailOf(alertId), userId)).toEqual(['email waiting quiet_hours', 'in_app told']);
    await prefer(token, { email: 'immediate' });

    expect(await drain()).toBe(1);
    expect(ofUser(await trailOf(alertId), userId)).toEqual(['email told', 'in_app told']);
  });
});

it('shows that the rule does not notify in the app, and that the e-mail was sent', async () => {
  const plain = await aLead();
  const mailed = await aLead({ email: 'immediate' });
  const alertId = await fire({ notifyInApp: false });
  const changed = await another('viewer');
  await http.database.query(`UPDATE membership SET role = 'admin' WHERE user_id = $1`, [changed]);
  await http.module.get(EmailWorker, { strict: false }).drain();

  const answer = await trailOf(alertId);

  expect(ofUser(answer, plain)).toEqual(['in_app not_told not_notified']);
  expect(ofUser(answer, mailed)).toEqual(['email told', 'in_app not_told not_notified']);
  // For a member who became an admin later, the reason is not the rule.
  expect(ofUser(answer, changed)).toEqual(['in_app not_told not_recorded']);
});

it('shows an e-mail that the server refused, with the answer', async () => {
  const lead = await aLead({ email: 'immediate' });
  const alertId = await fire();
  smtp.answers.push(451);
  await http.module.get(EmailWorker, { strict: false }).drain();
  const answer = await trailOf(alertId);
  expect(answer.body.items).toContainEqual(
    expect.objectContaining({
      user_id: lead,
      channel: 'email',
      outcome: 'waiting',
      reason: 'retrying',
      attempts: 1,
      status_code: 451,
      error: expect.stringContaining('not now'),
    }),
  );
});

it('shows the state of the delivery to each endpoint', async () => {
  const alertId = await fire();
  const states = ['delivered', 'failed', 'pending', 'missed', 'skipped'];
  for (const status of states) {
    const endpointId = await anEndpoint(http.database, organizationId);
    await http.database.query(
      `WITH event AS (INSERT INTO webhook_event (organization_id, id, body, created_at) VALUES ($2, $4, '{}', $7))
       INSERT INTO webhook_delivery (id, organization_id, endpoint_id, event_id, event_type, alert_id, status, attempt_count, next_attempt_at,
         last_status_code, last_error, created_at, completed_at)
       VALUES ($1, $2, $3, $4, 'alert.fired', $5, $6, 1, $7, 500, 'the receiver said no', $7, CASE WHEN $6 <> 'pending' THEN $7::timestamptz END)`,
      [newId(), organizationId, endpointId, newId(), alertId, status, NOW],
    );
  }
  const answer = await trailOf(alertId);
  const webhooks = (answer.body.items as Item[]).filter(({ channel }) => channel === 'webhook');
  expect(webhooks.map(({ outcome, reason }) => [outcome, reason]).sort()).toEqual([
    ['failed', 'gave_up'],
    ['not_told', 'endpoint_disabled'],
    ['not_told', 'nothing_to_say'],
    ['told', null],
    ['waiting', 'retrying'],
  ]);
  expect(webhooks[0]).toMatchObject({ name: 'Endpoint', status_code: 500, error: 'the receiver said no' });
});

it('lists each endpoint without a delivery, with the reason', async () => {
  const endpoints = {
    not_subscribed: await anEndpoint(http.database, organizationId, { events: ['alert.resolved'] }),
    min_severity: await anEndpoint(http.database, organizationId),
    rule_type: await anEndpoint(http.database, organizationId),
    endpoint_disabled: await anEndpoint(http.database, organizationId, { isEnabled: false }),
  };
  await http.database.query('UPDATE webhook_endpoint SET created_at = $1', [new Date(0)]);
  await http.database.query(`UPDATE webhook_endpoint SET min_severity = 'high' WHERE id = $1`, [
    endpoints.min_severity,
  ]);
  await http.database.query(`UPDATE webhook_endpoint SET rule_types = '{high_risk}' WHERE id = $1`, [
    endpoints.rule_type,
  ]);
  const alertId = await fire();
  const late = await anEndpoint(http.database, organizationId);

  const answer = await trailOf(alertId);

  const reasons = (answer.body.items as (Item & { endpoint_id: string })[])
    .filter(({ channel }) => channel === 'webhook')
    .map(({ endpoint_id: id, outcome, reason }) => [id, outcome, reason]);
  expect(reasons.sort()).toEqual(
    [...Object.entries({ ...endpoints, added_later: late })].map(([reason, id]) => [id, 'not_told', reason]).sort(),
  );
});

it('does not find an alert of another organisation', async () => {
  const alertId = await fire();
  organizationId = await anOrganization(http.database, { name: 'Other' });
  expect((await trailOf(alertId)).status).toBe(404);
  expect((await trailOf(newId())).status).toBe(404);
  expect((await trailOf('none')).status).toBe(404);
});
