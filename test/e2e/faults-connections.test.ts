import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { FaultWorld, onceEach, report } from '../support/fault-world.js';
import { eventually, type HttpAnswer, type VedetteProcess } from '../support/vedette-process.js';

const RULES = 20;
const REQUESTS = 50;
/** The smallest allowed pool. */
const POOL_SIZE = 3;

/** Checks that each request got its result or a problem document, despite the state of the connections. */
function expectAnswered(answers: readonly HttpAnswer[]): void {
  for (const { status, headers, body } of answers) {
    expect([200, 201, 503]).toContain(status);
    if (status < 500) continue;
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({ title: expect.any(String), code: expect.any(String) });
  }
}

function counted(answers: readonly HttpAnswer[]): string {
  const failed = answers.filter(({ status }) => status >= 500).length;
  return `${answers.length} requests, ${failed} answered with a problem`;
}

describe('lost, exhausted and blocked connections', () => {
  let world: FaultWorld;
  let replica: VedetteProcess;
  const ruleIds: string[] = [];
  let riskScore = 0;

  beforeAll(async () => {
    world = await FaultWorld.create({ DATABASE_POOL_SIZE: String(POOL_SIZE) });
    replica = await world.startReplica();
    await world.addPeopleAndEndpoints(replica);
    for (let index = 1; index <= RULES; index++) {
      ruleIds.push(await world.addRiskRule(replica, world.organizations[0]!, index));
    }
    await world.settled();
  });

  afterAll(() => world?.stop());

  const token = (): string => world.organizations[0]!.token;

  /** Changes the posture, and retries until it is accepted. Every rule up to this score must then fire. */
  async function change(answers: HttpAnswer[]): Promise<void> {
    riskScore += 1;
    await eventually(async () => {
      const answer = (await world.putRisk(replica, token(), riskScore))!;
      answers.push(answer);
      return answer.status === 200;
    }, 'the change is accepted');
  }

  async function expectNothingLost(): Promise<void> {
    await world.settled();
    await world.delivered();
    const { sends, duplicateSends, ...counts } = await world.tally(ruleIds);
    report(`${counts.alerts} alerts, ${sends} sends, ${duplicateSends} of them duplicates`);
    expect(counts).toEqual(onceEach(riskScore));
  }

  it('loses no alert when all connections are cut again and again', async () => {
    const answers: HttpAnswer[] = [];
    let isOver = false;
    const cutting = (async () => {
      for (; !isOver; await sleep(40)) {
        await world.database.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'vedette'`,
        );
      }
    })();
    for (let index = 0; index < 10; index++) {
      await change(answers);
      await sleep(50);
    }
    isOver = true;
    await cutting;
    expectAnswered(answers);
    report(counted(answers));
    await expectNothingLost();
    expect((await replica.request('GET', '/health/ready')).status).toBe(200);
  });

  it('answers fifty requests with three connections', async () => {
    const answers = await Promise.all(
      // Different pages, because requests for the same page would share one read.
      Array.from({ length: REQUESTS }, (_, index) =>
        replica.request('GET', `/api/v1/instances?limit=${index + 1}`, { token: token() }),
      ),
    );
    report(counted(answers));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  });

  it('loses no alert when every connection waits for a locked table', async () => {
    const answers: HttpAnswer[] = [];
    const lock = new Client({ connectionString: world.database.url });
    await lock.connect();
    await lock.query('BEGIN');
    await lock.query('LOCK TABLE rule_state');
    await change(answers);
    const requests = Array.from({ length: REQUESTS }, (_, index) =>
      index % 2 === 0
        ? replica.request('POST', '/api/v1/evaluations', { token: token() })
        : replica.request('GET', '/api/v1/instances', { token: token() }),
    );
    await sleep(3_000);
    expect((await replica.request('GET', '/health/live')).status).toBe(200);
    expect((await replica.request('GET', '/health/ready')).status).toBe(503);
    await lock.query('ROLLBACK');
    await lock.end();
    answers.push(...(await Promise.all(requests)));
    expectAnswered(answers);
    report(counted(answers));
    await expectNothingLost();
    expect((await replica.request('GET', '/health/ready')).status).toBe(200);
  });
});
