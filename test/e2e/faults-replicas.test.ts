import { setTimeout as sleep } from 'node:timers/promises';
import { FaultWorld, onceEach, report } from '../support/fault-world.js';
import type { VedetteProcess } from '../support/vedette-process.js';

const STREAM_MS = 25_000;
const KILL_EVERY_MS = 3_000;
const RULES_EACH = 30;
/** The distance between the thresholds of two rules. The last threshold is 90. */
const STEP = 3;
/** The receiver fails once in this many requests, so that deliveries are retried. */
const REFUSES_EVERY = 15;

/**
 * Three replicas on one database, three organisations with constant changes of posture, and a killed replica every
 * three seconds.
 */
describe('three replicas under a stream of changes', () => {
  let world: FaultWorld;
  let replicas: VedetteProcess[];
  const ruleIds: string[] = [];

  beforeAll(async () => {
    world = await FaultWorld.create();
    replicas = [await world.startReplica()];
    await world.addPeopleAndEndpoints(replicas[0]!, 'Second Mutual', 'Third Mutual');
    for (const organization of world.organizations) {
      for (let index = 1; index <= RULES_EACH; index++) {
        ruleIds.push(await world.addRiskRule(replicas[0]!, organization, STEP * index));
      }
      world.receiver.answer(
        organization.hook,
        ...Array.from({ length: RULES_EACH }, (_, index) => ({ status: index % REFUSES_EVERY === 4 ? 500 : 204 })),
      );
    }
    await world.settled();
    replicas.push(await world.startReplica(), await world.startReplica());
  });

  afterAll(() => world?.stop());

  it('open every alert once, notify each person once, and deliver everything, although replicas die', async () => {
    const end = performance.now() + STREAM_MS;
    const [changes, kills] = await Promise.all([streamChanges(end), killInTurn(end)]);
    await world.settled();
    await world.delivered();

    const tally = await world.tally(ruleIds);
    const { sends, duplicateSends, ...counts } = tally;
    report(
      `${changes.accepted} changes accepted, ${changes.repeated} repeated on another replica, ${kills} replicas killed: ` +
        `${tally.alerts} alerts of ${ruleIds.length} expected, ${tally.notifications} notifications, ` +
        `${sends} sends of ${tally.deliveries} deliveries, ${duplicateSends} sent again (the receiver refused ${refused()})`,
    );
    expect(counts).toEqual(onceEach(ruleIds.length));
    // Each replica died at least once.
    expect(kills).toBeGreaterThanOrEqual(replicas.length);
  });

  /**
   * Raises the risk scores over time until every rule has fired. If a replica dies without an answer, another one gets
   * the same change. The changes of one organisation are sequential.
   */
  async function streamChanges(end: number): Promise<{ accepted: number; repeated: number }> {
    let accepted = 0;
    let repeated = 0;
    for (let turn = 0, last = 0; last < world.organizations.length; turn++) {
      const leftMs = end - performance.now();
      if (leftMs <= 0) last += 1;
      const score = Math.min(100, 100 - (100 * leftMs) / STREAM_MS);
      const { token } = world.organizations[turn % world.organizations.length]!;
      for (let attempt = 0; ; attempt++) {
        const answer = await world.putRisk(replicas[(turn + attempt) % replicas.length]!, token, score);
        if (answer?.status === 200) break;
        repeated += 1;
        await sleep(20);
      }
      accepted += 1;
      await sleep(50 + (turn % 6) * 10);
    }
    return { accepted, repeated };
  }

  async function killInTurn(end: number): Promise<number> {
    const restarts: Promise<void>[] = [];
    let kills = 0;
    for (; performance.now() + KILL_EVERY_MS < end; kills++) {
      await sleep(KILL_EVERY_MS);
      const index = kills % replicas.length;
      await replicas[index]!.kill();
      restarts.push(world.startReplica().then((replica) => void (replicas[index] = replica)));
    }
    await Promise.all(restarts);
    return kills;
  }

  function refused(): number {
    return world.organizations.reduce(
      (sum, { hook }) =>
        sum +
        world.receiver.requests
          .filter(({ path }) => path === hook)
          .filter((_, index) => index < RULES_EACH && index % REFUSES_EVERY === 4).length,
      0,
    );
  }
});
