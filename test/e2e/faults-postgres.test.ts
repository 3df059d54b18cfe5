import { setTimeout as sleep } from 'node:timers/promises';
import { FaultServer } from '../support/fault-server.js';
import { FaultWorld, onceEach, report } from '../support/fault-world.js';
import { eventually, type HttpAnswer, type VedetteProcess } from '../support/vedette-process.js';

const RULES = 20;

async function readiness(replica: VedetteProcess): Promise<number> {
  return (await replica.request('GET', '/health/ready')).status;
}

async function readinessBecomes(replica: VedetteProcess, status: number): Promise<void> {
  await eventually(async () => (await readiness(replica)) === status, `/health/ready answers ${status}`, 30_000);
}

function expectProblem(answer: HttpAnswer | undefined): void {
  expect(answer?.status).toBe(503);
  expect(answer?.headers.get('content-type')).toContain('application/problem+json');
  expect(answer?.body).toMatchObject({ title: expect.any(String), code: expect.any(String) });
}

describe('a replica whose PostgreSQL is killed and restarted', () => {
  let server: FaultServer;
  let world: FaultWorld;
  let replica: VedetteProcess;
  const ruleIds: string[] = [];

  beforeAll(async () => {
    server = new FaultServer();
    await server.start();
    world = await FaultWorld.create({}, server);
    replica = await world.startReplica();
    await world.addPeopleAndEndpoints(replica);
    for (let index = 1; index <= RULES; index++) {
      ruleIds.push(await world.addRiskRule(replica, world.organizations[0]!, index));
    }
    await world.settled();
  });

  afterAll(() => world?.stop());

  it.each([
    ['kill -9 of its postmaster', 0, async () => server.kill()],
    ['a restart by its operator', RULES / 2, () => server.shutDown()],
  ] as const)('%s: loses nothing, duplicates nothing, and continues by itself', async (_, first, bringDown) => {
    const { token } = world.organizations[0]!;
    const answers: (HttpAnswer | undefined)[] = [];
    for (let index = 1; index <= RULES / 2; index++) {
      if (index === RULES / 4) await bringDown();
      let answer = await world.putRisk(replica, token, first + index);
      if (answer?.status !== 200) {
        answers.push(answer);
        await readinessBecomes(replica, 503);
        expect((await replica.request('GET', '/health/live')).status).toBe(200);
        await server.start();
        await readinessBecomes(replica, 200);
        answer = await world.putRisk(replica, token, first + index);
      }
      expect(answer?.status).toBe(200);
      await sleep(50);
    }
    expect(answers).toHaveLength(1);
    expectProblem(answers[0]);

    await world.settled();
    await world.delivered();
    const fired = first + RULES / 2;
    const { sends, duplicateSends, ...counts } = await world.tally(ruleIds);
    report(`${counts.alerts} alerts of ${fired}, ${sends} sends, ${duplicateSends} of them duplicates`);
    expect(counts).toEqual(onceEach(fired));
  });
});
