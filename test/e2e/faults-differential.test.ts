import { SeededRandom } from '../../src/demo/seeded-random.js';
import { cloneDatabase } from '../support/fault-clones.js';
import { FaultWorld, report, type FaultOrganization } from '../support/fault-world.js';
import type { VedetteProcess } from '../support/vedette-process.js';

const SEED = 20_261_123;
const ROUNDS = 9;
/** Ticks run only on request. System rules have a cooldown after they fire, and do not disturb the comparison. */
const SETTINGS = { VEDETTE_EVALUATION_CRON: '0 0 29 2 *', VEDETTE_CHANGE_DEBOUNCE_MS: '50' };
const TECHNIQUES = ['T1059', 'T1003', 'T1021', 'T1027', 'T1036', 'T1047', 'T1053', 'T1055', 'T1071', 'T1078'];
const STATUSES = ['not_covered', 'in_progress', 'partial', 'validated', 'not_applicable'] as const;

const RULES = [
  { rule_type: 'high_risk', config: { min_risk_score: 60, min_count: 3 } },
  { rule_type: 'high_risk', config: { min_risk_score: 85, min_count: 1 }, on_repeat: 'update_open' },
  { rule_type: 'stale_technique', config: { days_stale: 30, min_count: 2 } },
  { rule_type: 'low_coverage', config: { max_coverage_pct: 0.2 } },
  { rule_type: 'expiry_wave', config: { min_pending_count: 2 } },
  { rule_type: 'orphan_spike', config: { min_orphan_count: 1 } },
];

interface Alert {
  organization_id: string;
  rule_id: string;
  severity: string;
  title: string;
  occurrence_count: number;
  details: unknown;
}

/** Runs the same script on two copies of one database, with one replica and with three. */
describe('three replicas compared with one', () => {
  let original: FaultWorld;
  let worlds: FaultWorld[];

  beforeAll(async () => {
    original = await FaultWorld.create(SETTINGS);
    const replica = await original.startReplica();
    await original.addPeopleAndEndpoints(replica, 'Second Mutual', 'Third Mutual');
    for (const { token } of original.organizations) {
      for (const [index, rule] of RULES.entries()) {
        await replica.api('POST', '/rules', {
          token,
          body: { name: `Rule ${index}`, severity: 'medium', cooldown_hours: 0, is_enabled: false, ...rule },
        });
      }
    }
    await replica.stop();
    const copies = await cloneDatabase(original.database, 2);
    worlds = await Promise.all(copies.map((copy) => FaultWorld.create(SETTINGS, copy)));
  });

  afterAll(async () => {
    await Promise.all((worlds ?? []).map((world) => world.stop()));
    await original?.stop();
  });

  it('open the same alerts, with the same evidence', async () => {
    const [byOne, byThree] = await Promise.all([play(worlds[0]!, 1), play(worlds[1]!, 3)]);
    report(`${byOne.length} alerts by one replica, ${byThree.length} by three`);
    expect(byOne.length).toBeGreaterThan(50);
    expect(byThree).toEqual(byOne);
  });

  async function play(world: FaultWorld, count: number): Promise<Alert[]> {
    const replicas = await Promise.all(Array.from({ length: count }, () => world.startReplica()));
    const random = new SeededRandom(SEED);
    const anyReplica = (): VedetteProcess => replicas[Math.floor(Math.random() * replicas.length)]!;
    await enableAll(world, anyReplica);
    const [enabled] = await world.database.query<{ at: string }>('SELECT now()::text AS at');
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all(original.organizations.map((organization) => write(anyReplica(), organization, random)));
      await world.settled();
      if (round % 3 === 2) {
        for (const organization of original.organizations) await editRule(anyReplica(), organization, random);
        await evaluated(world, anyReplica());
        await world.database.query('UPDATE rule_schedule SET next_evaluation_at = now()');
        await evaluated(world, anyReplica());
      }
    }
    return alertsOf(world, enabled!.at);
  }

  async function enableAll(world: FaultWorld, anyReplica: () => VedetteProcess): Promise<void> {
    for (const { token } of original.organizations) {
      for (const { id } of await rulesOf(anyReplica(), token)) {
        await anyReplica().api('PATCH', `/rules/${id}`, { token, body: { is_enabled: true } });
      }
    }
    await evaluated(world, anyReplica());
  }

  /** Takes a snapshot, which changes nothing in the comparison, so that the replica checks for due rules at once. */
  async function evaluated(world: FaultWorld, replica: VedetteProcess): Promise<void> {
    await replica.api('POST', '/snapshots', { token: original.organizations[0]!.token });
    await world.settled();
  }

  async function rulesOf(replica: VedetteProcess, token: string): Promise<{ id: string }[]> {
    const { items } = await replica.api('GET', '/rules?include_disabled=true&limit=100', { token });
    return items.filter((rule: { name: string }) => rule.name.startsWith('Rule '));
  }

  async function write(replica: VedetteProcess, { token }: FaultOrganization, random: SeededRandom): Promise<void> {
    const items = random.sample(TECHNIQUES, 4).map((attackId) => ({
      attack_id: attackId,
      status_global: random.pick(STATUSES),
      risk_score: random.integer(0, 100),
      last_review_date: random.chance(0.5) ? '2026-01-01T00:00:00Z' : null,
    }));
    await replica.api('PUT', '/posture', { token, body: { items } });
  }

  async function editRule(replica: VedetteProcess, { token }: FaultOrganization, random: SeededRandom): Promise<void> {
    const [first] = await rulesOf(replica, token);
    const body = { config: { min_risk_score: random.integer(20, 80) }, severity: random.pick(['low', 'critical']) };
    await replica.api('PATCH', `/rules/${first!.id}`, { token, body });
  }

  /**
   * The alerts opened after all rules were enabled: a slow machine may evaluate a rule twice while others are enabled.
   * Sorted independently of the time of opening. Omits the changes since the previous measurement, because the number
   * of measurements depends on the replicas.
   */
  function alertsOf(world: FaultWorld, since: string): Promise<Alert[]> {
    return world.database.query<Alert>(
      `SELECT organization_id, rule_id, severity, title, occurrence_count, details - '{changed_since,entered,left}'::text[] AS details FROM alert_instance
       WHERE created_at > $1
       ORDER BY organization_id, rule_id, severity, title, occurrence_count, (details - '{changed_since,entered,left}'::text[])::text`,
      [since],
    );
  }
});
