import { setTimeout as sleep } from 'node:timers/promises';
import { openEventStream, type EventStream, type StreamEvent } from '../support/event-stream.js';
import { FaultWorld, report } from '../support/fault-world.js';
import { eventually, type VedetteProcess } from '../support/vedette-process.js';

const EVALUATIONS = 40;
const KILL_AFTER = 20;
/** Long enough for several polls of the stream before and after the kill. */
const PAUSE_MS = 100;

/** Two processes on one database. An admin listens to one while the other opens alerts. */
describe('the live stream of two replicas', () => {
  let world: FaultWorld;
  let replicas: [VedetteProcess, VedetteProcess];
  let token: string;
  const streams: EventStream[] = [];

  beforeAll(async () => {
    // The schedule does not run during the test; the test starts each evaluation.
    world = await FaultWorld.create({ VEDETTE_EVALUATION_CRON: '0 0 1 1 *' });
    replicas = [await world.startReplica(), await world.startReplica()];
    await world.addPeopleAndEndpoints(replicas[0]);
    ({ token } = world.organizations[0]!);
    // A rule that fires at every evaluation.
    await replicas[0].api('POST', '/rules', {
      token,
      body: {
        name: 'Any orphan',
        rule_type: 'orphan_spike',
        severity: 'low',
        config: { min_orphan_count: 1 },
        cooldown_hours: 0,
      },
    });
    await world.settled();
  });

  afterAll(async () => {
    for (const stream of streams) stream.close();
    await world?.stop();
  });

  it('of one replica contains the alerts that the other opened', async () => {
    const stream = await listen(replicas[0]);
    const { alerts } = await replicas[1].api('POST', '/evaluations', { token });
    // Notifications from just before the stream may come first.
    await eventually(
      () => stream.events.some(({ data }) => data.alert_id === alerts[0].id),
      'the alert is in the stream',
    );
    expect(stream.events.every(({ event }) => event === 'notification')).toBe(true);
    stream.close();
  });

  it('loses and repeats nothing for a reader who reconnects to the other replica after a kill', async () => {
    const before = await committedIds();
    const first = await listen(replicas[0]);
    // Like a browser, the reader reconnects at once with the id of its last event.
    const resumed = first.closed().then(() => listen(replicas[1], first.events.at(-1)!.id));
    const opened: string[] = [];
    for (let evaluation = 0; evaluation < EVALUATIONS; evaluation += 1) {
      const { alerts } = await replicas[1].api('POST', '/evaluations', { token });
      opened.push(...(alerts as { id: string }[]).map(({ id }) => id));
      if (evaluation === KILL_AFTER) void replicas[0].kill();
      await sleep(PAUSE_MS);
    }
    const second = await resumed;
    const received = (): StreamEvent[] => [...first.events, ...second.events];
    const expected = (await committedIds()).slice(before.length);
    await eventually(() => received().length >= expected.length, 'all events arrived');
    await sleep(1_500);

    report(`${first.events.length} received before the kill, ${second.events.length} after it, of ${expected.length}`);
    expect(first.events.length).toBeGreaterThan(0);
    expect(second.events.length).toBeGreaterThan(0);
    expect(opened).toHaveLength(EVALUATIONS);
    expect(received().map(({ event }) => event)).toEqual(expected.map(() => 'notification'));
    expect(received().map(({ data }) => data.alert_id)).toEqual(opened);
    expect(received().map(({ data }) => data.id)).toEqual(expected);
  });

  it('contains only committed alerts of a replica that is killed while it opens alerts', async () => {
    replicas[0] = await world.startReplica();
    const before = await committedIds();
    const stream = await listen(replicas[0]);
    const asked = evaluateUntilKilled(replicas[1]);
    await stream.upTo(5);
    await replicas[1].kill();
    await asked;
    const expected = (await committedIds()).slice(before.length);
    await eventually(() => stream.events.length >= expected.length, 'all events arrived');
    await sleep(1_500);
    report(`${stream.events.length} received of ${expected.length} that the killed replica had committed`);
    expect(stream.events.map(({ data }) => data.id)).toEqual(expected);
  });

  async function listen(replica: VedetteProcess, after?: string | null): Promise<EventStream> {
    const stream = await openEventStream(replica.url, token, after);
    streams.push(stream);
    return stream;
  }

  /** The admin's notifications in the order of their commit. */
  async function committedIds(): Promise<string[]> {
    const rows = await world.database.query<{ id: string }>(
      `SELECT n.id FROM notification n JOIN user_account u ON u.id = n.user_id WHERE u.email = 'admin@vedette.local' ORDER BY n.stream_position, n.id`,
    );
    return rows.map(({ id }) => id);
  }

  async function evaluateUntilKilled(replica: VedetteProcess): Promise<void> {
    const ask = (): Promise<boolean> =>
      replica.request('POST', '/api/v1/evaluations', { token }).then(
        () => true,
        () => false,
      );
    while (await ask());
  }
});
