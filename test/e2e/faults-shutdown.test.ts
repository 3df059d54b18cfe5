import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { FaultWorld, onceEach } from '../support/fault-world.js';
import { eventually, type VedetteProcess } from '../support/vedette-process.js';

/** What an orchestrator commonly gives a process before it kills it. */
const BOUND_MS = 30_000;

/** SIGTERM while something is claimed: it is finished or given back, and nothing is left locked behind. */
describe('SIGTERM in the middle of work', () => {
  let world: FaultWorld;
  const ruleIds: string[] = [];

  beforeAll(async () => {
    world = await FaultWorld.create({ VEDETTE_CHANGE_DEBOUNCE_MS: '0' });
    const replica = await world.startReplica();
    await world.furnish(replica);
    for (const riskScore of [10, 20, 30])
      ruleIds.push(await world.addRiskRule(replica, world.organizations[0]!, riskScore));
    await world.settled();
    await replica.stop();
  });

  afterAll(() => world?.stop());

  const token = (): string => world.organizations[0]!.token;

  async function stopsInTime(replica: VedetteProcess): Promise<void> {
    const late = sleep(BOUND_MS, 'late', { ref: false });
    expect(await Promise.race([replica.stop(), late])).toBe(0);
  }

  async function expectNothingHeld(): Promise<void> {
    const leases = await world.database.query(
      'SELECT id FROM webhook_delivery WHERE lock_token IS NOT NULL OR locked_until IS NOT NULL',
    );
    expect(leases).toEqual([]);
    // A backend takes a moment to notice that its client has gone.
    await eventually(async () => {
      const connections = await world.database.query(
        `SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
      );
      return connections.length === 0;
    }, 'no connection is left');
  }

  it('an evaluation that runs is finished', async () => {
    const replica = await world.startReplica();
    const lock = new Client({ connectionString: world.database.url });
    await lock.connect();
    await lock.query('BEGIN');
    // Holds the pass up right where it opens the alert.
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
    await expectNothingHeld();
    const next = await world.startReplica();
    await world.delivered();
    expect(await world.tally([ruleIds[0]!])).toMatchObject(onceEach(1));
    await next.stop();
  });

  it('a delivery that is slow is finished', async () => {
    const replica = await world.startReplica();
    world.receiver.answer(
      world.organizations[0]!.hook,
      (response) => void setTimeout(() => response.writeHead(204).end(), 2_000),
    );
    await world.putRisk(replica, token(), 20);
    await world.receiver.received(world.organizations[0]!.hook, 2);
    await stopsInTime(replica);
    expect(await world.tally([ruleIds[1]!])).toMatchObject({ ...onceEach(1), sends: 1 });
    await expectNothingHeld();
  });

  it('a delivery that hangs is given back, and uses up no attempt', async () => {
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
    await expectNothingHeld();

    await world.startReplica();
    await world.delivered();
    expect(await world.tally([ruleIds[2]!])).toMatchObject({ ...onceEach(1), sends: 2, duplicateSends: 1 });
  });
});
