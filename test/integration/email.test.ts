import { AccessTokens, AuthModule } from '../../src/auth/index.js';
import { Transactions } from '../../src/database/index.js';
import { EmailStore } from '../../src/notifications/email/email-store.js';
import { EmailWorker, AlertNotifier, NotificationsModule, type AlertNotice } from '../../src/notifications/index.js';
import { someAlerts } from '../support/alert-factories.js';
import { aSignedInMember } from '../support/auth-factories.js';
import { Exposition } from '../support/exposition.js';
import { anOrganization } from '../support/factories.js';
import { startTestHttp, type TestHttp } from '../support/http.js';
import { SMTP_PASSWORD, startSmtpReceiver, type ReceivedMail, type SmtpReceiver } from '../support/smtp-receiver.js';
import { NOW } from '../support/test-module.js';

interface DeliveryRow {
  id: string;
  status: string;
  attempt_count: number;
  next_attempt_at: Date;
  held_for: string | null;
  lock_token: string | null;
  last_status_code: number | null;
  last_error: string | null;
}

let smtp: SmtpReceiver;
let http: TestHttp;
let organizationId: string;
let token: string;
let userId: string;
let email: string;

beforeAll(async () => {
  smtp = await startSmtpReceiver();
  http = await start(smtp.url);
});

afterAll(async () => {
  await http.close();
  await smtp.close();
});

beforeEach(async () => {
  http.clock.set(NOW);
  smtp.mails.length = 0;
  smtp.answers.length = 0;
  await http.database.query('DELETE FROM organization');
  organizationId = await anOrganization(http.database, { name: 'Ümlaut & Söhne' });
  ({ token, userId, email } = await aSignedInMember(http, organizationId, 'blue_lead'));
});

function start(url: string): Promise<TestHttp> {
  return startTestHttp([AuthModule, NotificationsModule], {
    environment: {
      VEDETTE_SMTP_URL: url,
      VEDETTE_SMTP_FROM: 'Vedette <vedette@mail.example>',
      VEDETTE_PUBLIC_URL: 'https://vedette.example/soc/',
    },
  });
}

async function prefer(preferences: object): Promise<void> {
  token = http.module.get(AccessTokens, { strict: false }).issue(userId, organizationId);
  const answer = await http.request('PUT', '/api/v1/notifications/preferences', { token, body: preferences });
  expect(answer.status).toBe(200);
}

async function tell(notice: Pick<AlertNotice, 'alertId' | 'event'> & Partial<AlertNotice>): Promise<void> {
  await http.module.get(Transactions, { strict: false }).run((manager) =>
    http.module.get(AlertNotifier, { strict: false }).notify(manager, [
      {
        organizationId,
        severity: 'high',
        title: 'Orphans',
        message: '7 techniques have no owner.',
        occurredAt: http.clock.now(),
        ...notice,
      },
    ]),
  );
}

async function fire(words: { title?: string; message?: string } = {}): Promise<string> {
  const [alertId] = await someAlerts(http.database, organizationId, [{}]);
  await tell({ alertId: alertId!, event: 'alert.fired', ...words });
  return alertId!;
}

const drain = (): Promise<number> => http.module.get(EmailWorker, { strict: false }).drain();
const deliveries = (): Promise<DeliveryRow[]> =>
  http.database.query<DeliveryRow>('SELECT * FROM email_delivery ORDER BY created_at, id');

/** The metric of e-mail that failed for good within a day. */
async function deadLetters(): Promise<object> {
  const metrics = new Exposition((await http.request('GET', '/metrics')).body as string);
  const of = (channel: string): unknown => metrics.value('vedette_dead_letters', { channel });
  return { webhook: of('webhook'), email: of('email') };
}

/** The decoded body of one part. */
function part(mail: ReceivedMail, type: 'plain' | 'html'): string {
  const section = mail.raw.split(/\r\n--[^\r\n]+\r\n/).find((text) => text.includes(`text/${type}`))!;
  const body = section.slice(section.indexOf('\r\n\r\n') + 4);
  if (/base64/i.test(section)) return Buffer.from(body, 'base64').toString();
  if (!/quoted-printable/i.test(section)) return body;
  const bytes = body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

/** Encoded words (RFC 2047) as text. */
function decoded(header: string): string {
  return header
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, encoding: string, text: string) => {
      if (encoding.toLowerCase() === 'b') return Buffer.from(text, 'base64').toString();
      const bytes = text
        .replace(/_/g, ' ')
        .replace(/=([0-9A-F]{2})/gi, (__, hex: string) => String.fromCharCode(parseInt(hex, 16)));
      return Buffer.from(bytes, 'latin1').toString();
    });
}

describe('immediate e-mail', () => {
  it('contains the alert in plain text and HTML, threaded by alert', async () => {
    await prefer({ email: 'immediate' });
    const alertId = await fire({ title: 'Détection <b>perdue</b> 🐎', message: 'a < b & "c"' });
    expect(await drain()).toBe(1);
    const [mail] = smtp.mails;
    expect(mail).toMatchObject({ from: 'vedette@mail.example', to: [email] });
    expect(decoded(mail!.headers.subject!)).toBe('[high] Détection <b>perdue</b> 🐎');
    expect(mail!.headers['message-id']).toMatch(/^<[0-9a-f]{40}@mail\.example>$/);
    expect(mail!.headers.references).toMatch(/^<[0-9a-f]{40}@mail\.example>$/);
    expect(mail!.headers['in-reply-to']).toBe(mail!.headers.references);
    expect(part(mail!, 'plain')).toContain('a < b & "c"');
    const link = `https://vedette.example/soc/alerts/${alertId}`;
    expect(part(mail!, 'plain').split(/\r?\n/)).toContain(link);
    expect(part(mail!, 'html')).toContain(`<a href="${link}">Open the alert</a>`);
    expect(part(mail!, 'html')).toContain('Détection &lt;b&gt;perdue&lt;/b&gt; 🐎');
    expect(part(mail!, 'html')).toContain('a &lt; b &amp; &quot;c&quot;');
    expect(part(mail!, 'html')).not.toContain('<b>');
    expect(await deliveries()).toMatchObject([
      { status: 'sent', attempt_count: 1, last_error: null, lock_token: null },
    ]);
    expect(await drain()).toBe(0);
  });

  it('links to Vedette if it is about no alert', async () => {
    await prefer({ email: 'immediate' });
    await tell({ alertId: null, event: 'rule.failing' });
    await drain();
    expect(part(smtp.mails[0]!, 'plain').split(/\r?\n/)).toContain('https://vedette.example/soc/');
    expect(part(smtp.mails[0]!, 'html')).toContain('<a href="https://vedette.example/soc/">Open Vedette</a>');
  });

  it('lets no name or title add a header or a recipient', async () => {
    await http.database.query('UPDATE user_account SET display_name = $2 WHERE id = $1', [
      userId,
      'Eve"\r\nBcc: all@evil.example\r\nX-Name: 1, <other@evil.example>',
    ]);
    await prefer({ email: 'immediate' });
    await fire({
      title: 'Oops\r\nBcc: all@evil.example\r\n\r\nbody',
      message: 'fine\r\n.\r\nMAIL FROM:<x@evil.example>',
    });
    await drain();
    expect(smtp.mails).toHaveLength(1);
    expect(smtp.mails[0]!.to).toEqual([email]);
    expect(Object.keys(smtp.mails[0]!.headers)).not.toContain('bcc');
    expect(Object.keys(smtp.mails[0]!.headers)).not.toContain('x-name');
    expect(decoded(smtp.mails[0]!.headers.subject!)).toBe('[high] Oops Bcc: all@evil.example body');
  });

  it('is retried after a 4xx, with growing waits and the same Message-ID, and not after a 5xx', async () => {
    await prefer({ email: 'immediate' });
    smtp.answers.push(451);
    await fire();
    expect(await drain()).toBe(1);
    const [row] = await deliveries();
    expect(row).toMatchObject({ status: 'pending', attempt_count: 1, last_status_code: 451, lock_token: null });
    expect(row!.last_error).toContain('not now');
    expect(await drain()).toBe(0);
    http.clock.set(row!.next_attempt_at);
    expect(await drain()).toBe(1);
    expect(await deliveries()).toMatchObject([{ status: 'sent', attempt_count: 2, last_status_code: 250 }]);

    smtp.answers.push(550);
    await fire();
    await drain();
    expect((await deliveries())[1]).toMatchObject({ status: 'failed', attempt_count: 1, last_status_code: 550 });
    expect(await deadLetters()).toEqual({ webhook: 0, email: 1 });
    http.clock.advanceMs(7 * 24 * 3_600_000);
    expect(await deadLetters()).toEqual({ webhook: 0, email: 0 });
    expect(await drain()).toBe(0);
    expect(smtp.mails).toHaveLength(1);
  });

  it('is sent again with the same Message-ID after its worker was killed, and ignores a late result', async () => {
    await prefer({ email: 'immediate' });
    await fire();
    const store = http.module.get(EmailStore, { strict: false });
    const [claimed] = await store.claim(http.clock.now(), 10, 60_000);
    expect(claimed).toMatchObject({ userId, attempt: 1 });
    // Another worker finds nothing during the lease, and takes over after it.
    expect(await drain()).toBe(0);
    http.clock.advanceMs(60_001);
    expect(await drain()).toBe(1);
    const changed = await store.finish([
      {
        mail: claimed!,
        finishedAt: http.clock.now(),
        outcome: { kind: 'failed', statusCode: 550, isAboutMessage: true, error: 'late' },
        next: { status: 'failed' },
      },
    ]);
    expect(changed).toBe(0);
    expect(await deliveries()).toMatchObject([{ status: 'sent', last_error: null }]);

    // As if the process had died after the server's answer and before recording it.
    await http.database.query(`UPDATE email_delivery SET status = 'pending'`);
    await drain();
    expect(smtp.mails).toHaveLength(2);
    expect(smtp.mails[1]!.headers['message-id']).toBe(smtp.mails[0]!.headers['message-id']);
  });

  it('is sent once by workers that claim at the same time', async () => {
    await prefer({ email: 'immediate' });
    for (let count = 0; count < 30; count += 1) await fire();
    const attempts = await Promise.all([drain(), drain(), drain()]);
    expect(attempts.reduce((sum, count) => sum + count)).toBe(30);
    expect(new Set(smtp.mails.map(({ headers }) => headers['message-id'])).size).toBe(30);
  });

  it('waits for the end of quiet hours, while the notification in the app does not', async () => {
    await prefer({
      email: 'immediate',
      time_zone: 'Europe/Paris',
      quiet_hours: { from: '12:30', until: '14:00' },
    });
    await fire();
    expect(await drain()).toBe(0);
    expect(await deliveries()).toMatchObject([
      {
        status: 'pending',
        held_for: 'quiet_hours',
        attempt_count: 0,
        next_attempt_at: new Date('2026-03-10T13:00:00Z'),
      },
    ]);
    expect((await http.request('GET', '/api/v1/notifications', { token })).body.total).toBe(1);
    http.clock.set(new Date('2026-03-10T13:00:00Z'));
    expect(await drain()).toBe(1);
  });

  it('is not sent to a member who has turned it off or lost access since', async () => {
    await prefer({ email: 'immediate' });
    await fire();
    await prefer({ email: 'off' });
    expect(await drain()).toBe(0);
    await prefer({ email: 'immediate' });
    await fire();
    await http.database.query('UPDATE membership SET is_active = false WHERE user_id = $1', [userId]);
    expect(await drain()).toBe(0);
    expect((await deliveries()).map(({ status, last_error }) => [status, last_error])).toEqual([
      ['cancelled', 'turned_off'],
      ['cancelled', 'inactive'],
    ]);
  });
});

describe('a time that a clock that was ahead stored', () => {
  const NEXT_YEAR = new Date('2027-03-10T12:00:00Z');
  const corrections = async (kind: string): Promise<number | undefined> =>
    new Exposition((await http.request('GET', '/metrics')).body as string).value('vedette_clock_corrections_total', {
      kind,
    });

  it('does not delay e-mail for longer than a retry or quiet hours can', async () => {
    await prefer({ email: 'immediate' });
    await fire();
    await http.database.query('UPDATE email_delivery SET next_attempt_at = $1', [NEXT_YEAR]);
    const before = (await corrections('email')) ?? 0;
    expect(await drain()).toBe(1);
    expect(await corrections('email')).toBe(before + 1);

    await fire();
    await http.database.query(`UPDATE email_delivery SET next_attempt_at = $1 WHERE status = 'pending'`, [
      new Date(NOW.getTime() + 24 * 3_600_000),
    ]);
    expect(await drain()).toBe(0);
  });

  it('does not keep the lease of a worker that died', async () => {
    await prefer({ email: 'immediate' });
    await fire();
    await http.database.query('UPDATE email_delivery SET locked_until = $1, lock_token = gen_random_uuid()', [
      NEXT_YEAR,
    ]);
    expect(await drain()).toBe(1);
  });

  it('does not delay the daily digest', async () => {
    await prefer({ email: 'daily_digest', digest_hour: 8 });
    await fire();
    await http.database.query('UPDATE notification_preference SET digest_due_at = $1', [NEXT_YEAR]);
    const before = (await corrections('digest')) ?? 0;
    expect(await drain()).toBe(1);
    expect(await corrections('digest')).toBe(before + 1);
    expect(await http.database.query('SELECT digest_due_at FROM notification_preference')).toEqual([
      { digest_due_at: new Date('2026-03-11T08:00:00Z') },
    ]);
  });
});

describe('the daily digest', () => {
  const at = (text: string): void => http.clock.set(new Date(text));

  it('holds the notices since the last digest, at its hour in its time zone, also when summer time begins', async () => {
    at('2026-03-28T10:00:00Z');
    await prefer({ email: 'daily_digest', digest_hour: 8, time_zone: 'Europe/Paris' });
    const first = await fire({ title: 'First' });
    const second = await fire({ title: 'Second' });
    at('2026-03-29T05:59:59Z');
    expect(await drain()).toBe(0);
    at('2026-03-29T06:00:00Z');
    expect(await drain()).toBe(1);
    expect(decoded(smtp.mails[0]!.headers.subject!)).toBe('Vedette digest: 2 notices, Ümlaut & Söhne');
    expect(part(smtp.mails[0]!, 'plain')).toMatch(/First[^]*Second/);
    for (const alertId of [first, second]) {
      expect(part(smtp.mails[0]!, 'plain')).toContain(`https://vedette.example/soc/alerts/${alertId}`);
    }
    await fire({ title: 'Third' });
    at('2026-03-30T06:00:00Z');
    expect(await drain()).toBe(1);
    expect(part(smtp.mails[1]!, 'plain')).not.toContain('First');
    expect(smtp.mails[1]!.headers['message-id']).not.toBe(smtp.mails[0]!.headers['message-id']);
  });

  it('is sent once on a day that has its hour twice', async () => {
    at('2026-10-24T10:00:00Z');
    await prefer({ email: 'daily_digest', digest_hour: 2, time_zone: 'Europe/Paris' });
    await fire();
    at('2026-10-25T00:00:00Z');
    expect(await drain()).toBe(1);
    await fire();
    at('2026-10-25T01:30:00Z');
    expect(await drain()).toBe(0);
    at('2026-10-26T01:00:00Z');
    expect(await drain()).toBe(1);
  });

  it('is made once after several missed days, by one of many workers, and not without notices', async () => {
    await prefer({ email: 'daily_digest', digest_hour: 8 });
    await fire();
    at('2026-03-14T15:00:00Z');
    await Promise.all([drain(), drain(), drain()]);
    expect(smtp.mails).toHaveLength(1);
    at('2026-03-15T07:59:00Z');
    expect(await drain()).toBe(0);
    at('2026-03-16T12:00:00Z');
    expect(await drain()).toBe(0);
    expect(await deliveries()).toHaveLength(1);
  });
});

it('hides the password if the server repeats it', async () => {
  const wrong = await start(smtp.url.replace(encodeURIComponent(SMTP_PASSWORD), 'another%20secret'));
  const organization = await anOrganization(wrong.database);
  const member = await aSignedInMember(wrong, organization, 'admin');
  await wrong.request('PUT', '/api/v1/notifications/preferences', {
    token: member.token,
    body: { email: 'immediate' },
  });
  await wrong.module.get(Transactions, { strict: false }).run((manager) =>
    wrong.module.get(AlertNotifier, { strict: false }).notify(manager, [
      {
        organizationId: organization,
        alertId: null,
        event: 'rule.failing',
        severity: 'high',
        title: 'Rule keeps failing',
        message: 'Message',
        occurredAt: NOW,
      },
    ]),
  );
  await wrong.module.get(EmailWorker, { strict: false }).drain();
  const [row] = await wrong.database.query<DeliveryRow>('SELECT * FROM email_delivery');
  expect(row).toMatchObject({ status: 'pending', attempt_count: 1, last_status_code: 535 });
  expect(row!.last_error).toContain('[redacted]');
  expect(row!.last_error).not.toContain('another secret');
  await wrong.close();
});
