import fc from 'fast-check';
import type { Explanation } from '../../src/evaluation/explanation/alert-explainer.js';
import { EvaluationModule, EvaluationService } from '../../src/evaluation/index.js';
import { EvaluatorRegistry } from '../../src/evaluators/index.js';
import { LIVE_RELATIONS } from '../../src/posture/reading/posture-reader.js';
import { WebhooksModule } from '../../src/webhooks/index.js';
import { aRule, type RuleFacts } from '../support/engine-factories.js';
import { DAY_MS, HistoryWorld, HOUR_MS, moves } from '../support/history-world.js';
import { NOW } from '../support/test-module.js';

const TECHNIQUES = 60;

/** One rule of each type that counts techniques, with thresholds so low that any count fires. */
const RULES: readonly { ruleType: string; config: Record<string, number> }[] = [
  { ruleType: 'high_risk', config: { min_risk_score: 50, min_count: 1 } },
  { ruleType: 'stale_technique', config: { days_stale: 20, min_count: 1 } },
  { ruleType: 'low_coverage', config: { max_coverage_pct: 100 } },
  { ruleType: 'expiry_wave', config: { min_pending_count: 1 } },
  { ruleType: 'new_technique', config: { lookback_days: 5, min_count: 1 } },
  { ruleType: 'orphan_spike', config: { min_orphan_count: 1 } },
];

let world: HistoryWorld;
let engine: EvaluationService;

beforeAll(async () => {
  world = await HistoryWorld.start([WebhooksModule.register(), EvaluationModule], { techniques: TECHNIQUES });
  engine = world.context.module.get(EvaluationService);
});

afterAll(() => world.close());

beforeEach(() => world.begin(NOW));

const rows = <Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> =>
  world.context.database.query<Row>(sql, parameters);

function ruleOf(ruleType: string, facts: RuleFacts = {}): Promise<string> {
  const { config } = RULES.find((rule) => rule.ruleType === ruleType)!;
  return aRule(world.context.database, world.organizationId, { ruleType, config, cooldownHours: 0, ...facts });
}

/** Evaluates one hour later and moves the clock on by a millisecond. @returns the details of the newest alert. */
async function fire(ruleId: string): Promise<Partial<Explanation> & Record<string, unknown>> {
  world.context.clock.advanceMs(HOUR_MS);
  await engine.evaluateOrganization(world.organizationId, null);
  world.context.clock.advanceMs(1);
  const [alert] = await rows<{ details: Partial<Explanation> & Record<string, unknown> }>(
    'SELECT details FROM alert_instance WHERE rule_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1',
    [ruleId],
  );
  return alert!.details;
}

const risk = (technique: number, score: number): Promise<unknown> =>
  world.write([{ technique, fact: { risk_score: score } }]);

const attackIds = (moved: Explanation['entered'] | undefined): string[] | undefined =>
  moved?.techniques.map(({ attack_id: attackId }) => attackId);

describe('an alert', () => {
  it('lists the techniques that entered and left since the previous measurement, and who changed them', async () => {
    const ruleId = await ruleOf('high_risk');
    await rows('UPDATE technique SET tactics = $2 WHERE id = $1', [
      world.techniqueId(2),
      ['persistence', 'privilege-escalation'],
    ]);
    await risk(0, 60);
    await risk(1, 60);
    expect(await fire(ruleId)).not.toHaveProperty('entered');
    const before = new Date(world.now.getTime() - 1);
    world.context.clock.advanceMs(60_000);
    await risk(0, 10);
    await world.write([2, 3].map((technique) => ({ technique, fact: { risk_score: 90 } })));
    // This technique changes, and the rule still counts it.
    await risk(1, 70);

    const { count, changed_since, entered, left } = await fire(ruleId);
    const change = {
      changed_at: new Date(before.getTime() + 60_001).toISOString(),
      change_source: 'api',
      change_id: null,
      changed_by: world.actorId,
      changed_by_name: expect.stringContaining('@example.org'),
    };
    expect({ count, changed_since, entered, left }).toEqual({
      count: 3,
      changed_since: before.toISOString(),
      entered: {
        count: 2,
        by_tactic: { execution: 1, persistence: 1, 'privilege-escalation': 1 },
        techniques: [
          {
            technique_id: world.techniqueId(3),
            attack_id: 'T1004',
            name: 'Technique 1004',
            tactics: ['execution'],
            ...change,
          },
          {
            technique_id: world.techniqueId(2),
            attack_id: 'T1003',
            name: 'Technique 1003',
            tactics: ['persistence', 'privilege-escalation'],
            ...change,
          },
        ],
      },
      left: { count: 1, by_tactic: { execution: 1 }, techniques: [expect.objectContaining({ attack_id: 'T1001' })] },
    });
  });

  it('of a rule with a scope lists only techniques in the scope', async () => {
    await world.write([0, 1, 2, 3].map((technique) => ({ technique, fact: { tags: ['pci'] } })));
    const scoped = await ruleOf('high_risk', { scope: { tags: ['pci'] } });
    const queued = await ruleOf('expiry_wave', { scope: { attack_ids: ['T1002', 'T1006'] } });
    const whole = await ruleOf('high_risk');
    await world.write([0, 5].map((technique) => ({ technique, fact: { risk_score: 60 } })));
    await world.queue(1);
    for (const ruleId of [scoped, queued, whole]) await fire(ruleId);
    world.context.clock.advanceMs(60_000);
    await world.write([1, 6].map((technique) => ({ technique, fact: { risk_score: 60 } })));
    await risk(0, 10);
    await world.write([{ technique: 2, fact: { risk_score: 80 } }]);
    await world.queue(5);
    await world.queue(7);
    world.context.clock.advanceMs(HOUR_MS);
    await engine.evaluateOrganization(world.organizationId, null);
    const detailsOf = async (ruleId: string): Promise<Partial<Explanation>> =>
      (
        await rows<{ details: Partial<Explanation> }>(
          'SELECT details FROM alert_instance WHERE rule_id = $1 ORDER BY created_at DESC, id DESC LIMIT 1',
          [ruleId],
        )
      )[0]!.details;

    const ofScoped = await detailsOf(scoped);
    expect([attackIds(ofScoped.entered), attackIds(ofScoped.left)]).toEqual([['T1002', 'T1003'], ['T1001']]);
    expect(ofScoped.entered!.techniques[0]).toMatchObject({
      change_source: 'api',
      changed_by: world.actorId,
      changed_by_name: expect.stringContaining('@example.org'),
    });
    const ofQueued = await detailsOf(queued);
    expect(attackIds(ofQueued.entered)).toEqual(['T1006']);
    expect(ofQueued.entered!.techniques[0]).toMatchObject({ change_source: 'queue' });
    const ofWhole = await detailsOf(whole);
    expect([attackIds(ofWhole.entered), attackIds(ofWhole.left)]).toEqual([['T1002', 'T1003', 'T1007'], ['T1001']]);
  });

  it('after a cooldown lists all changes since the cooldown began', async () => {
    const ruleId = await ruleOf('high_risk', { cooldownHours: 3 });
    await risk(0, 60);
    await engine.evaluateOrganization(world.organizationId, null);
    world.context.clock.advanceMs(1);
    await risk(1, 60);
    await fire(ruleId);
    await risk(2, 60);
    await fire(ruleId);
    const { changed_since, entered } = await fire(ruleId);
    expect([changed_since, attackIds(entered)]).toEqual([NOW.toISOString(), ['T1002', 'T1003']]);
  });

  it('names no author if a technique entered only because time passed', async () => {
    const ruleId = await ruleOf('stale_technique');
    for (const [technique, daysAgo] of [
      [0, 30],
      [1, 19],
    ] as const) {
      await world.write([{ technique, fact: { status_global: 'validated' } }]);
      await world.write([{ technique, fact: { last_review_date: daysAgo } }]);
    }
    await fire(ruleId);
    world.context.clock.advanceMs(2 * DAY_MS);
    const { entered } = await fire(ruleId);
    expect(entered?.techniques).toEqual([
      expect.objectContaining({ attack_id: 'T1002', changed_at: null, change_source: null, changed_by: null }),
    ]);
  });

  it('names the ATT&CK release or the queue item that changed a technique', async () => {
    const [published, queued] = [await ruleOf('new_technique'), await ruleOf('expiry_wave')];
    await world.queue(5);
    await world.make({ waitMs: 1, what: 'release', technique: 7, revoked: false });
    await fire(published);
    const item = await world.queue(4);
    await world.make({ waitMs: 1, what: 'work', item: 0, status: 'done' });
    await world.make({ waitMs: 1, what: 'release', technique: 6, revoked: false });
    const [{ id: release } = { id: '' }] = await rows<{ id: string }>(
      'SELECT id FROM catalogue_import ORDER BY created_at DESC LIMIT 1',
    );
    expect((await fire(published)).entered?.techniques).toEqual([
      expect.objectContaining({
        attack_id: 'T1007',
        change_source: 'catalogue',
        change_id: release,
        changed_by: null,
        changed_by_name: null,
      }),
    ]);
    const [{ details } = { details: {} as Partial<Explanation> }] = await rows<{ details: Partial<Explanation> }>(
      'SELECT details FROM alert_instance WHERE rule_id = $1 ORDER BY created_at DESC LIMIT 1',
      [queued],
    );
    expect(details.entered?.techniques).toEqual([
      expect.objectContaining({
        attack_id: 'T1005',
        change_source: 'queue',
        change_id: item,
        changed_by: world.actorId,
      }),
    ]);
    expect(attackIds(details.left)).toEqual(['T1006']);
  });

  it('lists at most fifty techniques, and counts all', async () => {
    const ruleId = await ruleOf('high_risk');
    await risk(0, 60);
    await fire(ruleId);
    const others = Array.from({ length: TECHNIQUES - 1 }, (_, index) => index + 1);
    await world.write(others.map((technique) => ({ technique, fact: { risk_score: 70 } })));
    const { entered } = await fire(ruleId);
    expect(entered).toMatchObject({ count: TECHNIQUES - 1, by_tactic: { execution: TECHNIQUES - 1 } });
    expect(entered?.techniques).toHaveLength(50);
    expect(entered?.techniques[0]?.attack_id).toBe('T1002');
  });

  it('gets a new explanation when it is refreshed', async () => {
    const ruleId = await ruleOf('high_risk', { onRepeat: 'update_open' });
    await risk(0, 60);
    await fire(ruleId);
    await risk(1, 60);
    expect(attackIds((await fire(ruleId)).entered)).toEqual(['T1002']);
    await risk(2, 60);
    expect(attackIds((await fire(ruleId)).entered)).toEqual(['T1003']);
    expect(await rows('SELECT occurrence_count FROM alert_instance')).toEqual([{ occurrence_count: 3 }]);
  });

  it('opens without an explanation if the explanation fails', async () => {
    const ruleId = await ruleOf('high_risk');
    await risk(0, 60);
    await fire(ruleId);
    await rows('ALTER TABLE posture_history RENAME TO posture_history_renamed');
    try {
      const details = await fire(ruleId);
      expect(details).toMatchObject({ count: 1 });
      expect(details).not.toHaveProperty('entered');
      expect(await rows('SELECT FROM alert_instance')).toHaveLength(2);
    } finally {
      await rows('ALTER TABLE posture_history_renamed RENAME TO posture_history');
    }
  });

  it('lists for every rule type exactly the techniques whose count changed', async () => {
    const registry = world.context.module.get(EvaluatorRegistry);
    /** @returns the weights of the techniques that a rule counts, by ATT&CK id. */
    const countedBy = async ({ ruleType, config }: (typeof RULES)[number]): Promise<Map<string, number>> => {
      const { settings, select } = registry.get(ruleType).counted!;
      const names = Object.keys(settings);
      const found = await rows<{ attack_id: string; weight: number }>(
        `SELECT t.attack_id, c.weight FROM (SELECT ${['$1::uuid AS organization_id', ...names.map((name, index) => `$${index + 3}::${settings[name]} AS ${name}`)].join(', ')}) r
         CROSS JOIN LATERAL (${select(LIVE_RELATIONS, '$2::timestamptz')}) c
         JOIN technique t ON t.id = c.technique_id WHERE $2::timestamptz IS NOT NULL`,
        [world.organizationId, world.now, ...names.map((name) => config[name] ?? null)],
      );
      return new Map(found.map(({ attack_id: attackId, weight }) => [attackId, weight]));
    };
    await fc.assert(
      fc.asyncProperty(moves({ techniques: 6, maxWaitMs: 2 * DAY_MS }), async (made) => {
        await world.begin(NOW);
        const ids: string[] = [];
        for (const { ruleType } of RULES) ids.push(await ruleOf(ruleType));
        await engine.evaluateOrganization(world.organizationId, null);
        const countedByAll = async (): Promise<Map<string, number>[]> => {
          const counted: Map<string, number>[] = [];
          for (const rule of RULES) counted.push(await countedBy(rule));
          return counted;
        };
        let before = await countedByAll();
        for (const move of made) {
          world.context.clock.advanceMs(1);
          await world.make(move);
          const run = await engine.evaluateOrganization(world.organizationId, null);
          const after = await countedByAll();
          for (const [index, ruleId] of ids.entries()) {
            const outcome = run.outcomes.find(({ rule_id: id }) => id === ruleId)!;
            const [was, is] = [before[index]!, after[index]!];
            if (RULES[index]!.ruleType !== 'low_coverage') expect(is.size).toBe(outcome.measured);
            if (outcome.outcome !== 'fired') continue;
            const [{ details } = { details: {} as Partial<Explanation> }] = await rows<{
              details: Partial<Explanation>;
            }>('SELECT details FROM alert_instance WHERE id = $1', [outcome.alert_id]);
            const grown = (from: Map<string, number>, to: Map<string, number>): string[] =>
              [...to].flatMap(([id, weight]) => (weight > (from.get(id) ?? 0) ? id : [])).sort();
            expect(attackIds(details.entered)?.sort()).toEqual(grown(was, is));
            expect(attackIds(details.left)?.sort()).toEqual(grown(is, was));
          }
          before = after;
        }
      }),
      { numRuns: 8 },
    );
  }, 180_000);
});
