import { EXIT_POINTS, type ExitPoint } from '../../src/common/exit-points.js';
import { FaultWorld, freeze, onceEach, report, thaw } from '../support/fault-world.js';
import { VedetteProcess } from '../support/vedette-process.js';

/** Those of e-mail have a test of their own: nobody of this world asks for e-mail. */
const POINTS = EXIT_POINTS.filter((point) => !point.startsWith('email:'));

/** Where the receiver has the webhook and nobody wrote that down, it must come again. */
const SENT_AGAIN: Partial<Record<ExitPoint, number>> = { 'webhook:after-send': 1 };

const riskScoreOf = (index: number): number => 10 * (index + 1);

/**
 * A replica is killed at each boundary while a rule fires. Another one stands still meanwhile, so that it is certain who does the work, and then takes over
 * what was left.
 */
describe('kill -9 at every boundary', () => {
  let world: FaultWorld;
  let other: VedetteProcess;
  const ruleIds: string[] = [];

  beforeAll(async () => {
    world = await FaultWorld.create({ VEDETTE_CHANGE_DEBOUNCE_MS: '0' });
    other = await world.startReplica();
    await world.furnish(other);
    for (const [index] of POINTS.entries())
      ruleIds.push(await world.addRiskRule(other, world.organizations[0]!, riskScoreOf(index)));
    await world.settled();
  });

  afterAll(() => world?.stop());

  it.each(POINTS.map((point, index) => [point, index] as const))(
    '%s: one alert, one notification a person, one webhook',
    async (point, index) => {
      const [organization] = world.organizations;
      // Else a replica evaluates at its start what nobody did for a minute, and this one would die there.
      await world.database.query('UPDATE rule_schedule SET last_evaluated_at = now()');
      const victim = await world.startReplica(point);
      await freezeIdle(other);

      await world.putRisk(victim, organization!.token, riskScoreOf(index));
      // A process that a signal ended has no exit code.
      expect(await victim.exited).toBeNull();

      // The leases of the dead would run out within a minute.
      await world.expireLeases();
      thaw(other);
      await world.settled();
      await world.delivered();
      const tally = await world.tally([ruleIds[index]!]);
      report(
        `${point}: ${tally.sends} sends of ${tally.deliveries} delivery, ${tally.duplicateSends} of them duplicates`,
      );
      expect(tally).toEqual({
        ...onceEach(1),
        sends: 1 + (SENT_AGAIN[point] ?? 0),
        duplicateSends: SENT_AGAIN[point] ?? 0,
      });
    },
  );

  /** Frozen in the middle of a transaction it would keep locks that the other replica waits for. */
  async function freezeIdle(replica: VedetteProcess): Promise<void> {
    for (;;) {
      freeze(replica);
      const [row] = await world.database.query<{ busy: boolean }>(
        `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle') AS busy`,
      );
      if (!row!.busy) return;
      thaw(replica);
      await world.settled();
    }
  }
});

describe('an exit point outside of tests', () => {
  it('is refused at the start', async () => {
    const vedette = await VedetteProcess.launch({ NODE_ENV: 'production', VEDETTE_TEST_EXIT_AT: 'webhook:after-send' });
    expect(await vedette.exited).toBe(1);
    expect(vedette.output).toContain('VEDETTE_TEST_EXIT_AT is for tests only');
  });
});
