import { createTestDatabase, type TestDatabase } from '../support/databases.js';
import { eventually, VedetteProcess } from '../support/vedette-process.js';

const TICK_MS = 5_000;

/** Two processes on one database, with ticks at the same times. */
describe('two replicas', () => {
  let database: TestDatabase;
  let replicas: VedetteProcess[] = [];

  beforeAll(async () => {
    database = await createTestDatabase();
    const env = { DATABASE_URL: database.url, VEDETTE_EVALUATION_CRON: '*/5 * * * * *' };
    // Started together: set-up, migrations and the first admin must not conflict.
    replicas = await Promise.all([VedetteProcess.start(env), VedetteProcess.start(env)]);
  });

  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.stop()));
    await database?.drop();
  });

  it('set up the database once', async () => {
    expect(await database.query('SELECT count(*)::integer AS count FROM organization')).toEqual([{ count: 1 }]);
    expect(await database.query('SELECT count(*)::integer AS count FROM alert_rule')).toEqual([{ count: 8 }]);
    expect(await database.query('SELECT count(*)::integer AS count FROM membership')).toEqual([{ count: 1 }]);
  });

  it('evaluate each due rule once per tick', async () => {
    const token = await replicas[0]!.signIn();
    const { id: ruleId } = await replicas[1]!.api('POST', '/rules', {
      token,
      body: {
        name: 'Fires at every tick',
        rule_type: 'orphan_spike',
        severity: 'info',
        config: { min_orphan_count: 1 },
        cooldown_hours: 0,
      },
    });
    // Excludes evaluations after a change of posture, which run between ticks.
    const passes = (): Promise<{ started_at: Date; outcome: string }[]> =>
      database.query(
        `SELECT r.started_at, o ->> 'outcome' AS outcome FROM evaluation_run r CROSS JOIN jsonb_array_elements(r.outcomes) o
         WHERE r.trigger = 'cron' AND o ->> 'rule_id' = $1 ORDER BY r.started_at`,
        [ruleId],
      );
    await eventually(async () => (await passes()).length >= 4, 'four ticks passed', 6 * TICK_MS);

    const evaluated = await passes();
    const slots = evaluated.map(({ started_at: startedAt }) => Math.floor(startedAt.getTime() / TICK_MS));
    expect(new Set(slots).size).toBe(slots.length);
    expect(slots.at(-1)! - slots[0]!).toBe(slots.length - 1);
    expect(evaluated.every(({ outcome }) => outcome === 'fired')).toBe(true);
  });

  it('continue when one of them is killed', async () => {
    await replicas.pop()!.kill();
    const [before] = await database.query<{ last: Date }>('SELECT max(last_evaluated_at) AS last FROM rule_schedule');
    await eventually(
      async () => {
        const [now] = await database.query<{ last: Date }>('SELECT max(last_evaluated_at) AS last FROM rule_schedule');
        return now!.last.getTime() - before!.last.getTime() >= 2 * TICK_MS;
      },
      'two more ticks were evaluated',
      5 * TICK_MS,
    );
  });
});
