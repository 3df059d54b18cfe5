import { setTimeout as sleep } from 'node:timers/promises';
import { DataSource } from 'typeorm';
import { AuthModule } from '../../src/auth/index.js';
import { newId } from '../../src/common/ids.js';
import { Transactions } from '../../src/database/index.js';
import { AlertNotifier, NotificationsModule } from '../../src/notifications/index.js';
import { MAX_UNREAD_BYTES, StreamConnection } from '../../src/notifications/stream/stream-connection.js';
import { StreamSettings } from '../../src/notifications/stream/stream-settings.js';
import { aSignedInMember, anApiKey } from '../support/auth-factories.js';
import { openEventStream, until, type EventStream, type StreamEvent } from '../support/event-stream.js';
import { anOrganization } from '../support/factories.js';
import { startTestHttp, type TestHttp } from '../support/http.js';
import { NOW } from '../support/test-module.js';

let http: TestHttp;
let base: string;
let organizationId: string;
let token: string;
let userId: string;
const open: EventStream[] = [];

beforeAll(async () => {
  http = await startTestHttp([AuthModule, NotificationsModule]);
  Object.assign(http.module.get(StreamSettings, { strict: false }), {
    pollIntervalMs: 50,
    accessIntervalMs: 100,
    heartbeatIntervalMs: 100,
    maxReplayed: 20,
  });
  await http.app.listen(0, '127.0.0.1');
  base = await http.app.getUrl();
});

afterAll(async () => {
  await http.close();
});

beforeEach(async () => {
  http.clock.set(NOW);
  organizationId = await anOrganization(http.database);
  ({ token, userId } = await aSignedInMember(http, organizationId, 'blue_lead'));
});

afterEach(() => {
  for (const stream of open.splice(0)) stream.close();
});

async function listen({ as = token, after }: { as?: string; after?: string | null } = {}): Promise<EventStream> {
  const stream = await openEventStream(base, as, after);
  expect(stream.response.headers.get('content-type')).toContain('text/event-stream');
  open.push(stream);
  return stream;
}

const INSERT = `INSERT INTO notification (id, organization_id, user_id, event, severity, title, message, created_at)
  VALUES ($1, $2, $3, 'rule.failing', 'high', $4, 'Message', now())`;

/** Writes a notice as another replica does, without waking this process. */
async function aNotice(title: string, to = userId): Promise<void> {
  await http.database.query(INSERT, [newId(), organizationId, to, title]);
}

/** Waits until every transaction older than the newest notice has ended, also those of other tests on the server. */
async function settled(): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(10)) {
    const [row] = await http.database.query<{ is_settled: boolean }>(
      'SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint > max(stream_position) AS is_settled FROM notification',
    );
    if (row!.is_settled) return;
  }
  throw new Error('waited in vain for older transactions to end');
}

const titles = (events: StreamEvent[]): string[] => events.map(({ data }) => data.title);

describe('the stream of notifications', () => {
  it('sends notices of all replicas to their own reader only, in the order of their ids', async () => {
    const other = await aSignedInMember(http, organizationId, 'red_lead');
    await aNotice('before anybody listened');
    await settled();
    const mine = await listen();
    const theirs = await listen({ as: other.token });
    await aNotice('one');
    await aNotice('not mine', other.userId);
    await aNotice('two');
    expect(titles(await mine.upTo(2))).toEqual(['one', 'two']);
    expect(titles(await theirs.upTo(1))).toEqual(['not mine']);
    const ids = mine.events.map(({ id }) => id);
    expect([...ids].sort()).toEqual(ids);
    const listed = await http.request('GET', '/api/v1/notifications', { token });
    expect(listed.body.items).toContainEqual(mine.events[1]!.data);
  });

  describe('without the poll', () => {
    beforeEach(() => Object.assign(http.module.get(StreamSettings, { strict: false }), { pollIntervalMs: 3_600_000 }));
    afterEach(async () => {
      Object.assign(http.module.get(StreamSettings, { strict: false }), { pollIntervalMs: 50 });
      for (const stream of open.splice(0)) stream.close();
      await sleep(100);
    });

    const tell = (): Promise<number> => {
      const notifier = http.module.get(AlertNotifier, { strict: false });
      return http.module.get(Transactions, { strict: false }).run((manager) =>
        notifier.notify(manager, [
          {
            organizationId,
            alertId: null,
            event: 'rule.failing',
            severity: 'low',
            title: 'Just now',
            message: 'Message',
            occurredAt: NOW,
          },
        ]),
      );
    };

    it('wakes after a commit of its own process', async () => {
      const mine = await listen();
      await tell();
      expect(titles(await mine.upTo(1))).toEqual(['Just now']);
    });

    it('reads again for a notice that an older transaction holds back', async () => {
      const mine = await listen();
      const older = http.module.get(DataSource).createQueryRunner();
      await older.startTransaction();
      await older.query('SELECT pg_current_xact_id()');
      await tell();
      await sleep(300);
      expect(mine.events).toEqual([]);
      await older.commitTransaction();
      await older.release();
      expect(titles(await mine.upTo(1))).toEqual(['Just now']);
    });
  });

  it('does not skip a transaction that began earlier and committed later', async () => {
    const mine = await listen();
    const early = http.module.get(DataSource).createQueryRunner();
    await early.startTransaction();
    await early.query(INSERT, [newId(), organizationId, userId, 'began first']);
    await aNotice('committed first');
    await sleep(300);
    await early.commitTransaction();
    await early.release();
    expect(titles(await mine.upTo(2))).toEqual(['began first', 'committed first']);
    const resumed = await listen({ after: mine.events[0]!.id });
    expect(titles(await resumed.upTo(1))).toEqual(['committed first']);
  });

  it('continues after the last received event without gaps or repetitions', async () => {
    const first = await listen();
    await aNotice('one');
    await aNotice('two');
    const [one] = await first.upTo(2);
    first.close();
    await aNotice('while away');
    const second = await listen({ after: one!.id });
    await aNotice('while there');
    expect(titles(await second.upTo(3))).toEqual(['two', 'while away', 'while there']);
    await sleep(150);
    expect(second.events).toHaveLength(3);
  });

  it('sends a reset if too many notices were missed, or if the id is from another database', async () => {
    const first = await listen();
    await aNotice('one');
    const [one] = await first.upTo(1);
    first.close();
    for (let index = 0; index < 21; index += 1) await aNotice(`missed ${index}`);
    await settled();
    const second = await listen({ after: one!.id });
    expect((await second.upTo(1))[0]).toMatchObject({ event: 'reset' });
    const third = await listen({ after: `00009000000000000000-${newId()}` });
    expect((await third.upTo(1))[0]).toMatchObject({ event: 'reset' });
    await aNotice('later');
    expect(titles(await third.upTo(2))[1]).toBe('later');
  });

  it('refuses an invalid id, and API keys', async () => {
    const answer = await http.request('GET', '/api/v1/notifications/stream', {
      token,
      headers: { 'last-event-id': '7' },
    });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'Last-Event-ID' }] } });
    const { key } = await anApiKey(http, organizationId, { role: 'admin' });
    expect((await http.request('GET', '/api/v1/notifications/stream', { token: key })).status).toBe(403);
    expect((await http.request('GET', '/api/v1/notifications/stream')).status).toBe(401);
  });

  it('sends signs of life, and ends when access is removed or the token expires', async () => {
    const other = await aSignedInMember(http, organizationId, 'red_lead');
    const mine = await listen();
    const theirs = await listen({ as: other.token });
    await until(() => mine.comments > 0, 'a heartbeat');
    await http.database.query('UPDATE membership SET is_active = false WHERE user_id = $1', [userId]);
    await mine.closed();
    expect(theirs.isClosed).toBe(false);
    http.clock.advanceMs(16 * 60_000);
    await theirs.closed();
  });

  it('limits the streams of one member', async () => {
    for (let count = 0; count < 10; count += 1) await listen();
    expect((await http.request('GET', '/api/v1/notifications/stream', { token })).status).toBe(429);
  });
});

it('disconnects a reader that does not read, and limits what it buffers for it', () => {
  const connection = new StreamConnection(newId(), newId(), Infinity);
  connection.goLive([]);
  let sent = 0;
  while (!connection.body.destroyed && sent < 10_000) {
    const notice = { organizationId: '', userId: '', transaction: String((sent += 1)), id: newId() };
    connection.offer({ ...notice, data: { message: 'x'.repeat(1_000) } });
  }
  expect(connection.body.destroyed).toBe(true);
  expect(sent * 1_000).toBeLessThan(MAX_UNREAD_BYTES + 2_000);
});

it('ends its streams when the process stops', async () => {
  const stopping = await startTestHttp([AuthModule, NotificationsModule]);
  await stopping.app.listen(0, '127.0.0.1');
  const organization = await anOrganization(stopping.database);
  const member = await aSignedInMember(stopping, organization, 'viewer');
  const response = await fetch(`${await stopping.app.getUrl()}/api/v1/notifications/stream`, {
    headers: { authorization: `Bearer ${member.token}` },
  });
  const text = response.text();
  const before = Date.now();
  await stopping.close();
  expect(await text).toContain('retry: ');
  expect(Date.now() - before).toBeLessThan(5_000);
});
