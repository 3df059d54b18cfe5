import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { FaultWorld, onceEach } from '../support/fault-world.js';
import { eventually, type VedetteProcess } from '../support/vedette-process.js';

/** A common time limit of orchestrators before they kill a process. */
const BOUND_MS = 30_000;

/** After SIGTERM, a process finishes its claimed work or gives it back, and leaves no locks. */
describe('SIGTERM in the middle of work', () => {
  let world: FaultWorld;
  const ruleIds: string[] = [];

  beforeAll(async () => {
    world = await FaultWorld.create({ VEDETTE_CHANGE_DEBOUNCE_MS: '0' });
    const replica = await world.startReplica();
    await world.addPeopleAndEndpoints(replica);
    for (const riskScore of [10, 20, 30]) {
      ruleIds.push(await world.addRiskRule(replica, world.organizations[0]!, riskScore));
    }
    await world.settled();
    await replica.stop();
  });

  afterAll(() => world?.stop());

  const token = (): string => world.organizations[0]!.token;

  async function stopsInTime(replica: VedetteProcess): Promise<void> {
    const late = sleep(BOUND_MS, 'late', { ref: false });
    expect(await Promise.race([replica.stop(), late])).toBe(0);
  }

  async function expectNoLeases(): Promise<void> {
    const leases = await world.database.query(
      'SELECT id FROM webhook_delivery WHERE lock_token IS NOT NULL OR locked_until IS NOT NULL',
    );
    expect(leases).toEqual([]);
    // PostgreSQL takes a moment to notice a closed connection.
    await eventually(async () => {
      const connections = await world.database.query(
        `SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
      );
      return connections.length === 0;
    }, 'all connections are closed');
  }

  it('finishes a running evaluation', async () => {
    const replica = await world.startReplica();
    const lock = new Client({ connectionString: world.database.url });
    await lock.connect();
    await lock.query('BEGIN');
    // Blocks the evaluation just before it opens the alert.
    await lock.query('LOCK TABLE alert_instance IN SHARE MODE');
    await world.putRisk(replica, token(), 10);
    await eventually(async () => {
      const waiting = await world.database.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return waiting.length > 0;
    }, 'the pass waits for the table');
    const stopped = stopsInTime(replica);
    await sleep(500);
    await lock.query('ROLLBACK');
    await lock.end();
    await stopped;

    expect(await world.tally([ruleIds[0]!])).toMatchObject({ alerts: 1, notifications: 3, deliveries: 1, leases: 0 });
    await expectNoLeases();
    const next = await world.startReplica();
    await world.delivered();
    expect(await world.tally([ruleIds[0]!])).toMatchObject(onceEach(1));
    await next.stop();
  });

  it('finishes a slow delivery', async () => {
    const replica = await world.startReplica();
    world.receiver.answer(
      world.organizations[0]!.hook,
      (response) => void setTimeout(() => response.writeHead(204).end(), 2_000),
    );
    await world.putRisk(replica, token(), 20);
    await world.receiver.received(world.organizations[0]!.hook, 2);
    await stopsInTime(replica);
    expect(await world.tally([ruleIds[1]!])).toMatchObject({ ...onceEach(1), sends: 1 });
    await expectNoLeases();
  });

  it('gives back a hanging delivery without counting an attempt', async () => {
    const replica = await world.startReplica();
    world.receiver.answer(world.organizations[0]!.hook, () => {});
    await world.putRisk(replica, token(), 30);
    await world.receiver.received(world.organizations[0]!.hook, 3);
    await stopsInTime(replica);
    expect(
      await world.database.query(
        `SELECT d.attempt_count, d.locked_until FROM webhook_delivery d JOIN alert_instance a ON a.id = d.alert_id WHERE d.status = 'pending' AND a.rule_id = $1`,
        [ruleIds[2]],
      ),
    ).toEqual([{ attempt_count: 0, locked_until: null }]);
    await expectNoLeases();

    await world.startReplica();
    await world.delivered();
    expect(await world.tally([ruleIds[2]!])).toMatchObject({ ...onceEach(1), sends: 2, duplicateSends: 1 });
  });
});
