import { setTimeout as sleep } from 'node:timers/promises';
import { openEventStream, type EventStream, type StreamEvent } from '../support/event-stream.js';
import { FaultWorld, report } from '../support/fault-world.js';
import { eventually, type VedetteProcess } from '../support/vedette-process.js';

const EVALUATIONS = 40;
const KILL_AFTER = 20;
/** So that several looks of the stream fall into the time before the kill and after it. */
const PAUSE_MS = 100;

/** Two processes on one database, and an admin who listens to one while alerts are opened by the other. */
describe('the live stream of two replicas', () => {
  let world: FaultWorld;
  let replicas: [VedetteProcess, VedetteProcess];
  let token: string;
  const streams: EventStream[] = [];

  beforeAll(async () => {
    // Rules are evaluated when the test asks one of the two to: the schedule asks nobody before the year is over.
    world = await FaultWorld.create({ VEDETTE_EVALUATION_CRON: '0 0 1 1 *' });
    replicas = [await world.startReplica(), await world.startReplica()];
    await world.furnish(replicas[0]);
    ({ token } = world.organizations[0]!);
    // One that fires whenever it is evaluated.
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

  it('passes on, in the one, what the other opened', async () => {
    const stream = await listen(replicas[0]);
    const { alerts } = await replicas[1].api('POST', '/evaluations', { token });
    // What was committed just before the stream began may come first.
    await eventually(() => stream.events.some(({ data }) => data.alert_id === alerts[0].id), 'the alert is passed on');
    expect(stream.events.every(({ event }) => event === 'notification')).toBe(true);
    stream.close();
  });

  it('misses and repeats nothing for a reader whose replica is killed, and who goes on at the other', async () => {
    const before = await noted();
    const first = await listen(replicas[0]);
    // The reader comes back as a browser does: at once, and with the id of what it got last.
    const resumed = first.closed().then(() => listen(replicas[1], first.events.at(-1)!.id));
    const opened: string[] = [];
    for (let evaluation = 0; evaluation < EVALUATIONS; evaluation += 1) {
      const { alerts } = await replicas[1].api('POST', '/evaluations', { token });
      opened.push(...(alerts as { id: string }[]).map(({ id }) => id));
      if (evaluation === KILL_AFTER) void replicas[0].kill();
      await sleep(PAUSE_MS);
    }
    const second = await resumed;
    const heard = (): StreamEvent[] => [...first.events, ...second.events];
    const expected = (await noted()).slice(before.length);
    await eventually(() => heard().length >= expected.length, 'everything was heard');
    await sleep(1_500);

    report(`${first.events.length} heard before the kill, ${second.events.length} after it, of ${expected.length}`);
    expect(first.events.length).toBeGreaterThan(0);
    expect(second.events.length).toBeGreaterThan(0);
    expect(opened).toHaveLength(EVALUATIONS);
    expect(heard().map(({ event }) => event)).toEqual(expected.map(() => 'notification'));
    expect(heard().map(({ data }) => data.alert_id)).toEqual(opened);
    expect(heard().map(({ data }) => data.id)).toEqual(expected);
  });

  it('passes on what was committed, and nothing else, of a replica that is killed while it opens alerts', async () => {
    replicas[0] = await world.startReplica();
    const before = await noted();
    const stream = await listen(replicas[0]);
    const asked = evaluateUntilKilled(replicas[1]);
    await stream.upTo(5);
    await replicas[1].kill();
    await asked;
    const expected = (await noted()).slice(before.length);
    await eventually(() => stream.events.length >= expected.length, 'everything was heard');
    await sleep(1_500);
    report(`${stream.events.length} heard of ${expected.length} that the killed replica had committed`);
    expect(stream.events.map(({ data }) => data.id)).toEqual(expected);
  });

  async function listen(replica: VedetteProcess, after?: string | null): Promise<EventStream> {
    const stream = await openEventStream(replica.url, token, after);
    streams.push(stream);
    return stream;
  }

  /** The listener's notifications, in the order in which they were committed. */
  async function noted(): Promise<string[]> {
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
