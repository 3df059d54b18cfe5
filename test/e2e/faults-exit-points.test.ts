import { EXIT_POINTS, type ExitPoint } from '../../src/common/exit-points.js';
import { FaultWorld, freeze, onceEach, report, thaw } from '../support/fault-world.js';
import { VedetteProcess } from '../support/vedette-process.js';

/** The exit points of e-mail have their own test; these organisations use no e-mail. */
const POINTS = EXIT_POINTS.filter((point) => !point.startsWith('email:'));

/** If the receiver got the webhook but no result was stored, it must get the webhook again. */
const SENT_AGAIN: Partial<Record<ExitPoint, number>> = { 'webhook:after-send': 1 };

const riskScoreOf = (index: number): number => 10 * (index + 1);

/**
 * Kills a replica at each exit point while a rule fires. Another replica is frozen meanwhile, so that it cannot do the
 * work first. It then completes the work.
 */
describe('kill -9 at every boundary', () => {
  let world: FaultWorld;
  let other: VedetteProcess;
  const ruleIds: string[] = [];

  beforeAll(async () => {
    world = await FaultWorld.create({ VEDETTE_CHANGE_DEBOUNCE_MS: '0' });
    other = await world.startReplica();
    await world.addPeopleAndEndpoints(other);
    for (const [index] of POINTS.entries()) {
      ruleIds.push(await world.addRiskRule(other, world.organizations[0]!, riskScoreOf(index)));
    }
    await world.settled();
  });

  afterAll(() => world?.stop());

  it.each(POINTS.map((point, index) => [point, index] as const))(
    '%s: one alert, one notification per person, one webhook',
    async (point, index) => {
      const [organization] = world.organizations;
      // At its start a replica evaluates rules that are a minute overdue; this one would die there.
      await world.database.query('UPDATE rule_schedule SET last_evaluated_at = now()');
      const victim = await world.startReplica(point);
      await freezeIdle(other);

      await world.putRisk(victim, organization!.token, riskScoreOf(index));
      // A process that a signal killed has no exit code.
      expect(await victim.exited).toBeNull();

      // The leases of the killed process would expire within a minute.
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

  /** A process frozen during a transaction would keep locks that block the other replica. */
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
  it('is rejected at the start', async () => {
    const vedette = await VedetteProcess.launch({ NODE_ENV: 'production', VEDETTE_TEST_EXIT_AT: 'webhook:after-send' });
    expect(await vedette.exited).toBe(1);
    expect(vedette.output).toContain('VEDETTE_TEST_EXIT_AT is for tests only');
  });
});
