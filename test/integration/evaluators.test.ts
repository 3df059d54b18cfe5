import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { daysBefore, EvaluatorWorld, msAfter } from '../support/evaluator-world.js';
import { aMember, aQueueItem, aSnapshot, aTakenSnapshot, type PostureFacts } from '../support/factories.js';
import { NOW } from '../support/test-module.js';

const CATALOGUE_SIZE = 30;

let world: EvaluatorWorld;

beforeAll(async () => {
  world = await EvaluatorWorld.start(CATALOGUE_SIZE);
});

afterAll(() => world.close());

/** An organisation with these posture facts, by ATT&CK id. */
async function organizationWith(facts: Record<string, PostureFacts & { mitreLastModified?: Date }>): Promise<string> {
  const organizationId = await world.organization();
  for (const [attackId, fact] of Object.entries(facts)) await world.posture(organizationId, attackId, fact);
  return organizationId;
}

/** `T1001`, `T1002` and so on. */
function attackIds(count: number, first = 1001): string[] {
  return Array.from({ length: count }, (_, index) => `T${first + index}`);
}

function all<Fact>(ids: readonly string[], fact: Fact): Record<string, Fact> {
  return Object.fromEntries(ids.map((id) => [id, fact]));
}

function techniqueIds(ids: readonly string[]): string[] {
  return ids.map((id) => world.technique(id));
}

describe('high_risk', () => {
  it('counts scores at or above the threshold, and no lower or missing score', async () => {
    const organizationId = await organizationWith({
      T1001: { riskScore: 62.5 },
      T1002: { riskScore: 62.5 - 2 ** -47 },
      T1003: { riskScore: null },
      T1004: { riskScore: 0 },
    });
    expect(await world.measure('high_risk', organizationId, { min_risk_score: 62.5 })).toMatchObject({
      measured: 1,
      breached: true,
      details: { count: 1, top_ids: [world.technique('T1001')], top_scores: [62.5], threshold: 62.5 },
    });
    expect(await world.measure('high_risk', organizationId, { min_risk_score: 0 })).toMatchObject({ measured: 3 });
    expect(await world.measure('high_risk', organizationId, { min_risk_score: 62.5 + 2 ** -46 })).toMatchObject({
      measured: 0,
      breached: false,
    });
  });

  it('shows scores as they are, never rounded below the threshold', async () => {
    const organizationId = await organizationWith({ T1001: { riskScore: 80.004 } });
    const { alert } = await world.measure('high_risk', organizationId, { min_risk_score: 80.003 });
    expect(alert!.message).toContain('Highest risk: T1001 (80.004).');
  });

  it('counts a score of 100 at a threshold of 100', async () => {
    const organizationId = await organizationWith({ T1001: { riskScore: 100 }, T1002: { riskScore: 99.99 } });
    expect(await world.measure('high_risk', organizationId, { min_risk_score: 100 })).toMatchObject({
      measured: 1,
      breached: true,
    });
  });

  it('shows the five highest scores, equal scores ordered by ATT&CK id', async () => {
    const organizationId = await organizationWith({
      ...all(['T1009', 'T1003', 'T1007', 'T1005', 'T1004'], { riskScore: 80 }),
      T1008: { riskScore: 99.25 },
      T1002: { riskScore: 90 },
      T1001: { riskScore: 76 },
    });
    const { details, alert } = await world.measure('high_risk', organizationId);
    const top = ['T1008', 'T1002', 'T1003', 'T1004', 'T1005'];
    expect(details).toEqual({
      count: 8,
      threshold: 75,
      min_risk_score: 75,
      min_count: 1,
      top_ids: techniqueIds(top),
      top_attack_ids: top,
      top_scores: [99.25, 90, 80, 80, 80],
    });
    expect(alert).toEqual({
      title: '8 techniques have a risk score of 75 or more',
      message:
        '8 techniques have a risk score of 75 or more; the rule fires at 1 or more. ' +
        'Highest risk: T1008 (99.25), T1002 (90), T1003 (80), T1004 (80), T1005 (80). Look at their detections first.',
    });
  });

  it('names both of its numbers in the evidence, where the threshold is the risk score', async () => {
    const organizationId = await organizationWith(all(['T1001', 'T1002', 'T1003'], { riskScore: 80 }));
    expect(await world.measure('high_risk', organizationId, { min_risk_score: 60, min_count: 3 })).toMatchObject({
      measured: 3,
      threshold: 3,
      details: { count: 3, threshold: 60, min_risk_score: 60, min_count: 3 },
    });
  });

  it('never rounds the threshold in its texts', async () => {
    const organizationId = await organizationWith({ T1001: { riskScore: 75 } });
    const { alert } = await world.measure('high_risk', organizationId, { min_risk_score: 62.505 });
    expect(alert!.title).toBe('1 technique has a risk score of 62.505 or more');
  });
});

describe('stale_technique', () => {
  const limit = daysBefore(NOW, 30);

  it('counts a review just older than the days, and not one at that very instant', async () => {
    const organizationId = await organizationWith({
      T1001: { statusGlobal: 'validated', lastReviewDate: msAfter(limit, -1) },
      T1002: { statusGlobal: 'validated', lastReviewDate: limit },
      T1003: { statusGlobal: 'validated', lastReviewDate: msAfter(limit, 1) },
    });
    expect((await world.measure('stale_technique', organizationId)).details).toMatchObject({
      count: 1,
      days_stale: 30,
      example_attack_ids: ['T1001'],
    });
    expect(await world.measure('stale_technique', organizationId, {}, msAfter(NOW, 1))).toMatchObject({ measured: 2 });
    expect(await world.measure('stale_technique', organizationId, {}, msAfter(NOW, 2))).toMatchObject({ measured: 3 });
  });

  it('counts validated techniques only, and none without a review date', async () => {
    const long = daysBefore(NOW, 400);
    const organizationId = await organizationWith({
      T1001: { statusGlobal: 'validated', lastReviewDate: null },
      T1002: { statusGlobal: 'partial', lastReviewDate: long },
      T1003: { statusGlobal: 'in_progress', lastReviewDate: long },
      T1004: { statusGlobal: 'not_covered', lastReviewDate: long },
      T1005: { statusGlobal: 'not_evaluated', lastReviewDate: long },
    });
    expect(await world.measure('stale_technique', organizationId)).toMatchObject({ measured: 0, breached: false });
  });

  it('counts a day as 24 hours when the database session changes to summer time', async () => {
    const at = new Date('2026-03-30T12:00:00Z');
    const organizationId = await organizationWith({
      T1001: { statusGlobal: 'validated', lastReviewDate: msAfter(daysBefore(at, 2), -1) },
      T1002: { statusGlobal: 'validated', lastReviewDate: daysBefore(at, 2) },
    });
    await world.inTransaction(async (runner, reader) => {
      await runner.query(`SET LOCAL TIME ZONE 'Europe/Paris'`);
      const rule = world.rule('stale_technique', organizationId, { days_stale: 2 });
      const [finding] = await world.registry.get('stale_technique').measure([rule], at, reader);
      expect(finding!.details).toMatchObject({ count: 1, example_attack_ids: ['T1001'] });
    });
  });

  it('shows the ten oldest reviews, equal dates ordered by ATT&CK id', async () => {
    const organizationId = await organizationWith({
      ...all(attackIds(11, 1002).reverse(), {
        statusGlobal: 'validated' as const,
        lastReviewDate: daysBefore(NOW, 40),
      }),
      T1020: { statusGlobal: 'validated', lastReviewDate: daysBefore(NOW, 90) },
      T1001: { statusGlobal: 'validated', lastReviewDate: daysBefore(NOW, 31) },
    });
    const { details, alert } = await world.measure('stale_technique', organizationId, { min_count: 5 });
    const examples = ['T1020', ...attackIds(9, 1002)];
    expect(details).toMatchObject({ count: 13, example_ids: techniqueIds(examples), example_attack_ids: examples });
    expect((details.example_last_review_dates as string[]).slice(0, 2)).toEqual([
      '2025-12-10T12:00:00.000Z',
      '2026-01-29T12:00:00.000Z',
    ]);
    expect(alert!.title).toBe('13 validated techniques were last reviewed more than 30 days ago');
    expect(alert!.message).toContain(
      'the rule fires at 5 or more. Longest without a review: T1020 (2025-12-10), T1002 (2026-01-29)',
    );
  });

  it('uses the singular for one technique and one day', async () => {
    const organizationId = await organizationWith({
      T1001: { statusGlobal: 'validated', lastReviewDate: daysBefore(NOW, 9) },
    });
    const { alert } = await world.measure('stale_technique', organizationId, { days_stale: 1 });
    expect(alert!.title).toBe('1 validated technique was last reviewed more than 1 day ago');
  });
});

describe('coverage_regression', () => {
  async function organizationWithSnapshots(snapshots: Record<string, number>): Promise<string> {
    const organizationId = await world.organization();
    for (const [date, coverage] of Object.entries(snapshots)) {
      await aSnapshot(world.database, organizationId, date, coverage);
    }
    return organizationId;
  }

  it.each([
    [53.69, 48.69, 5],
    [64.1, 59.1, 5],
    [33.3, 33.2, 0.1],
    [100, 0, 100],
  ])('computes a drop from %d to %d as exactly %d', async (previous, current, drop) => {
    const organizationId = await organizationWithSnapshots({ '2026-03-09': previous, '2026-03-10': current });
    expect(await world.measure('coverage_regression', organizationId, { min_drop_pct: drop })).toMatchObject({
      measured: drop,
      breached: true,
    });
    if (drop < 100) {
      const stricter = await world.measure('coverage_regression', organizationId, { min_drop_pct: drop + 0.001 });
      expect(stricter).toMatchObject({ measured: drop, breached: false });
    }
  });

  it('compares unrounded values: a drop of 4.996 is shown as 5 but does not reach 5', async () => {
    const organizationId = await organizationWithSnapshots({ '2026-03-09': 50, '2026-03-10': 45.004 });
    const finding = await world.measure('coverage_regression', organizationId);
    expect(finding).toMatchObject({ measured: 4.996, breached: false, details: { drop_pct: 5, current_pct: 45 } });
  });

  it('never rounds a drop in a text to less than the threshold', async () => {
    const organizationId = await organizationWithSnapshots({ '2026-03-09': 50, '2026-03-10': 45.006 });
    const { alert } = await world.measure('coverage_regression', organizationId, { min_drop_pct: 4.993 });
    expect(alert!.title).toBe('Coverage dropped by 4.994 percentage points, from 50% to 45.01%');
  });

  it('compares the two newest snapshots, however far apart', async () => {
    const organizationId = await organizationWithSnapshots({ '2025-11-01': 90, '2026-01-05': 60.25, '2026-03-08': 50 });
    const { details, alert } = await world.measure('coverage_regression', organizationId);
    expect(details).toEqual({
      previous_pct: 60.25,
      current_pct: 50,
      drop_pct: 10.25,
      previous_date: '2026-01-05',
      current_date: '2026-03-08',
      threshold: 5,
      baseline_pct: 60.25,
      control_delta_pct: -10.25,
      taxonomy_delta_pct: 0,
      attack_versions: { before: null, after: null },
      tactics: [],
      techniques: [],
      techniques_count: 0,
    });
    expect(alert).toEqual({
      title: 'Coverage dropped by 10.25 percentage points, from 60.25% to 50%',
      message:
        'Coverage dropped by 10.25 percentage points, from 60.25% on 2026-01-05 to 50% on 2026-03-08; ' +
        'the rule fires at a drop of 5 or more. Look at the techniques whose status changed between these snapshots.',
    });
  });

  it('ignores snapshots of days (UTC) after the instant', async () => {
    const organizationId = await organizationWithSnapshots({ '2026-03-08': 60, '2026-03-09': 50, '2026-03-10': 58 });
    const lastOfThe9th = new Date('2026-03-09T23:59:59.999Z');
    expect(await world.measure('coverage_regression', organizationId, {}, lastOfThe9th)).toMatchObject({
      measured: 10,
    });
    const firstOfThe10th = new Date('2026-03-10T00:00:00.000Z');
    expect(await world.measure('coverage_regression', organizationId, {}, firstOfThe10th)).toMatchObject({
      measured: -8,
      breached: false,
    });
  });

  it('measures nothing with fewer than two snapshots, and gives that reason', async () => {
    const none = await world.measure('coverage_regression', await world.organization());
    expect(none).toMatchObject({ measured: null, breached: false, alert: null });
    expect(none.details).toMatchObject({ previous_pct: null, current_pct: null, drop_pct: null, previous_date: null });
    expect(none.details.reason).toBe('There is no posture snapshot yet. The rule compares two.');

    const one = await world.measure('coverage_regression', await organizationWithSnapshots({ '2026-03-09': 12.5 }));
    expect(one).toMatchObject({
      measured: null,
      breached: false,
      details: { current_pct: 12.5, current_date: '2026-03-09' },
    });
    expect(one.details.reason).toBe('There is only one posture snapshot, of 2026-03-09. The rule compares two.');
  });

  it('does not fire on a rise or on no change', async () => {
    const rise = await organizationWithSnapshots({ '2026-03-09': 40, '2026-03-10': 60 });
    expect(await world.measure('coverage_regression', rise)).toMatchObject({ measured: -20, breached: false });
    const same = await organizationWithSnapshots({ '2026-03-09': 40, '2026-03-10': 40 });
    expect(await world.measure('coverage_regression', same, { min_drop_pct: 0.01 })).toMatchObject({
      measured: 0,
      breached: false,
    });
  });
});

describe('coverage_regression over snapshots taken by Vedette', () => {
  const taken = async (
    snapshots: [number, number, { attackVersion?: string; rollup?: string }?][],
  ): Promise<string> => {
    const organizationId = await world.organization();
    for (const [daysAgo, coverage, facts] of snapshots) {
      await aTakenSnapshot(world.database, organizationId, daysBefore(NOW, daysAgo), coverage, facts);
    }
    return organizationId;
  };
  const baseline = (organizationId: string, daysAgo: number, pct: number, of: number): Promise<unknown> =>
    world.database.query(
      `UPDATE posture_snapshot SET baseline_pct = $3, baseline_date = $4 WHERE organization_id = $1 AND snapshot_date = $2`,
      [organizationId, dayOf(daysAgo), pct, dayOf(of)],
    );
  const dayOf = (daysAgo: number): string => daysBefore(NOW, daysAgo).toISOString().slice(0, 10);

  it('compares with the newest comparable snapshot, or says that there is none', async () => {
    const organizationId = await taken([
      [3, 80, { rollup: 'leaf' }],
      [2, 70],
      [1, 60, { rollup: 'leaf' }],
    ]);
    expect(await world.measure('coverage_regression', organizationId)).toMatchObject({
      measured: 20,
      details: { previous_date: dayOf(3), tactics: [{ name: 'initial-access', before_pct: 80, after_pct: 60 }] },
    });
    const changed = await taken([
      [2, 70],
      [1, 60, { rollup: 'leaf' }],
    ]);
    const none = await world.measure('coverage_regression', changed);
    expect(none).toMatchObject({ measured: null, breached: false, details: { previous_pct: null, current_pct: 60 } });
    expect(none.details.reason).toBe(
      `The posture snapshot of ${dayOf(1)} cannot be compared with an earlier one: ` +
        `its roll-up, scope or ATT&CK release differs from the snapshot of ${dayOf(2)} and those before.`,
    );
  });

  it('compares across releases only if the newer snapshot has a baseline', async () => {
    const organizationId = await taken([
      [2, 70, { attackVersion: '17.1' }],
      [1, 50, { attackVersion: '18.1' }],
    ]);
    expect(await world.measure('coverage_regression', organizationId)).toMatchObject({ measured: null });
    await baseline(organizationId, 1, 56.5, 2);
    expect(await world.measure('coverage_regression', organizationId)).toMatchObject({
      measured: 6.5,
      breached: true,
      details: { previous_pct: 70, baseline_pct: 56.5, control_delta_pct: -6.5, taxonomy_delta_pct: -13.5 },
    });
  });

  it('detects a slow decline within the window, and ignores older snapshots', async () => {
    const organizationId = await taken([
      [20, 90],
      [9, 60],
      [6, 58],
      [3, 56],
      [1, 54.5],
    ]);
    const measure = (config: object) => world.measure('coverage_regression', organizationId, { ...config });
    expect(await measure({})).toMatchObject({ measured: 1.5, breached: false });
    expect(await measure({ window_days: 5 })).toMatchObject({ measured: 1.5, breached: false });
    const slow = await measure({ window_days: 8 });
    expect(slow).toMatchObject({
      measured: 5.5,
      threshold: 5,
      breached: true,
      details: { peak_pct: 60, peak_date: dayOf(9), drop_from_peak_pct: 5.5, drop_pct: 1.5 },
    });
    expect(slow.alert!.title).toBe('Coverage is 5.5 percentage points below its peak, 54.5% after 60%');
    expect(await measure({ window_days: 8, min_drop_from_peak_pct: 5.51 })).toMatchObject({ breached: false });
    expect(await measure({ window_days: 8, min_drop_from_peak_pct: 5.5 })).toMatchObject({ breached: true });
    expect(await measure({ min_drop_pct: 1.5, window_days: 8 })).toMatchObject({ measured: 1.5, threshold: 1.5 });
  });

  it("restates snapshots before a release on today's release", async () => {
    const organizationId = await taken([
      [6, 80, { attackVersion: '17.1' }],
      [4, 79, { attackVersion: '17.1' }],
      [2, 59, { attackVersion: '18.1' }],
      [1, 58, { attackVersion: '18.1' }],
    ]);
    const measure = () => world.measure('coverage_regression', organizationId, { window_days: 10 });
    // Without a baseline, snapshots before the release are left out.
    expect((await measure()).details).toMatchObject({ peak_pct: 59, peak_date: dayOf(2) });
    await baseline(organizationId, 2, 60, 4);
    expect(await measure()).toMatchObject({ breached: false, details: { peak_pct: 61, peak_date: dayOf(6) } });
  });

  it('requires window_days with a drop from the peak', () => {
    expect(() =>
      world.registry.completeConfig('coverage_regression', { min_drop_from_peak_pct: 5, window_days: 0 }),
    ).toThrow('window_days must be given with min_drop_from_peak_pct');
  });
});

describe('low_coverage', () => {
  /** An organisation with this many techniques in scope; the rest of the catalogue is not applicable to it. */
  async function organizationCovering(total: number, validated: number, partial: number): Promise<string> {
    const ids = attackIds(CATALOGUE_SIZE);
    return organizationWith({
      ...all(ids.slice(total), { statusGlobal: 'not_applicable' as const }),
      ...all(ids.slice(0, validated), { statusGlobal: 'validated' as const }),
      ...all(ids.slice(validated, validated + partial), { statusGlobal: 'partial' as const }),
    });
  }

  it('never rounds the coverage in a text to more than the threshold', async () => {
    const organizationId = await organizationCovering(3, 2, 0);
    const { alert } = await world.measure('low_coverage', organizationId, { max_coverage_pct: 66.668 });
    expect(alert!.title).toBe('Coverage is 66.667%, at or below 66.668%');
  });

  it.each([
    [8, 5, 0, 62.5],
    [8, 4, 2, 62.5],
    [10, 3, 0, 30],
    [20, 5, 3, 32.5],
    [10, 0, 0, 0],
    [10, 10, 0, 100],
  ])(
    'computes %d techniques with %d validated and %d partial as exactly %d percent',
    async (total, validated, partial, coverage) => {
      const organizationId = await organizationCovering(total, validated, partial);
      const finding = await world.measure('low_coverage', organizationId, { max_coverage_pct: coverage });
      expect(finding).toMatchObject({
        measured: coverage,
        threshold: coverage,
        breached: true,
        details: { coverage_pct: coverage, validated, partial, total },
      });
      if (coverage > 0) {
        const stricter = await world.measure('low_coverage', organizationId, { max_coverage_pct: coverage - 0.001 });
        expect(stricter).toMatchObject({ measured: coverage, breached: false });
      }
    },
  );

  it('computes 333 of 1000 as exactly 33.3', async () => {
    const organizationId = await world.organization();
    await world.inTransaction(async (runner, reader) => {
      await runner.query(
        `WITH added AS (
           INSERT INTO technique (id, attack_id, name, domain, is_subtechnique, tactics, platforms, attack_version, mitre_created,
             mitre_last_modified, mitre_modified_raw, content_hash, is_revoked, is_deprecated, in_force)
           SELECT gen_random_uuid(), 'T' || 2000 + n, 'Technique', 'enterprise-attack', false, '{}', '{}', '18.1', now(), now(), now(), '', false,
             false, true FROM generate_series(1, 970) n
           RETURNING id
         )
         INSERT INTO posture (organization_id, technique_id, in_force, mitre_last_modified) SELECT $1, id, true, now() FROM added`,
        [organizationId],
      );
      await runner.query(
        `UPDATE posture SET status_global = 'validated' WHERE organization_id = $1 AND technique_id IN
           (SELECT technique_id FROM posture WHERE organization_id = $1 LIMIT 333)`,
        [organizationId],
      );
      const rules = [33.3, 33.29].map((pct) => world.rule('low_coverage', organizationId, { max_coverage_pct: pct }));
      const findings = await world.registry.get('low_coverage').measure(rules, NOW, reader);
      expect(findings.map(({ measured, breached }) => [measured, breached])).toEqual([
        [33.3, true],
        [33.3, false],
      ]);
    });
  });

  it('shows two decimals and compares all of them', async () => {
    const organizationId = await organizationCovering(3, 1, 0);
    const finding = await world.measure('low_coverage', organizationId, { max_coverage_pct: 33.33 });
    expect(finding).toMatchObject({ breached: false, details: { coverage_pct: 33.33 } });
    expect(await world.measure('low_coverage', organizationId, { max_coverage_pct: 33.34 })).toMatchObject({
      breached: true,
    });
  });

  it('shows the counts behind the coverage', async () => {
    const organizationId = await organizationWith({
      ...all(attackIds(CATALOGUE_SIZE - 8, 1009), { statusGlobal: 'not_applicable' as const }),
      T1001: { statusGlobal: 'validated' },
      T1002: { statusGlobal: 'partial' },
      T1003: { statusGlobal: 'in_progress' },
      T1004: { statusGlobal: 'not_covered' },
      T1005: { statusGlobal: 'not_covered' },
    });
    const { details, alert } = await world.measure('low_coverage', organizationId);
    expect(details).toEqual({
      coverage_pct: 18.75,
      threshold: 30,
      total: 8,
      validated: 1,
      partial: 1,
      in_progress: 1,
      not_covered: 2,
      not_evaluated: 3,
    });
    expect(alert).toEqual({
      title: 'Coverage is 18.75%, at or below 30%',
      message:
        'Coverage is 18.75%, at or below 30%: of 8 techniques in scope, 1 is validated and 1 is partial, which counts half. ' +
        'Look at the techniques that are not covered or not evaluated.',
    });
  });

  it('measures nothing if no technique is in scope, even at 100 percent', async () => {
    const organizationId = await organizationCovering(0, 0, 0);
    expect(await world.measure('low_coverage', organizationId, { max_coverage_pct: 100 })).toMatchObject({
      measured: null,
      breached: false,
      details: { coverage_pct: null, total: 0 },
    });
  });
});

describe('expiry_wave', () => {
  async function organizationWithQueue(items: Record<string, string>): Promise<string> {
    const organizationId = await world.organization();
    for (const [attackId, status] of Object.entries(items)) {
      await aQueueItem(world.database, organizationId, world.technique(attackId), status);
    }
    return organizationId;
  }

  it('counts pending and in-progress items, and no finished ones', async () => {
    const organizationId = await organizationWithQueue({
      T1001: 'pending',
      T1002: 'in_progress',
      T1003: 'done',
      T1004: 'cancelled',
    });
    await aQueueItem(world.database, organizationId, world.technique('T1001'), 'done');
    const at2 = await world.measure('expiry_wave', organizationId, { min_pending_count: 2 });
    expect(at2).toMatchObject({ measured: 2, breached: true, details: { pending_count: 2, threshold: 2 } });
    expect(await world.measure('expiry_wave', organizationId, { min_pending_count: 3 })).toMatchObject({
      breached: false,
    });
  });

  it('is one short of the default of 15, then reaches it', async () => {
    const organizationId = await organizationWithQueue(all(attackIds(14), 'pending'));
    expect(await world.measure('expiry_wave', organizationId)).toMatchObject({ measured: 14, breached: false });
    await aQueueItem(world.database, organizationId, world.technique('T1015'), 'in_progress');
    expect(await world.measure('expiry_wave', organizationId)).toMatchObject({ measured: 15, breached: true });
  });

  it('shows the ten items that have waited longest', async () => {
    const organizationId = await organizationWithQueue(all(attackIds(11), 'pending'));
    await world.database.query(
      `UPDATE revalidation_item SET created_at = CASE WHEN technique_id = $2 THEN $3::timestamptz ELSE $4::timestamptz END
       WHERE organization_id = $1`,
      [organizationId, world.technique('T1009'), daysBefore(NOW, 20), daysBefore(NOW, 10)],
    );
    const { details, alert } = await world.measure('expiry_wave', organizationId, { min_pending_count: 1 });
    const examples = ['T1009', ...attackIds(8), 'T1010'];
    expect(details).toMatchObject({ example_ids: techniqueIds(examples), example_attack_ids: examples });
    expect(alert!.title).toBe('11 techniques wait for revalidation');
    expect(alert!.message).toContain('Longest in the queue: T1009 (since 2026-02-18), T1001 (since 2026-02-28)');
  });
});

describe('new_technique', () => {
  it('counts a change at the very start of the period, and none before it', async () => {
    const start = daysBefore(NOW, 7);
    const organizationId = await organizationWith({
      T1001: { mitreLastModified: msAfter(start, -1) },
      T1002: { mitreLastModified: start },
      T1003: { mitreLastModified: msAfter(start, 1) },
    });
    expect(await world.measure('new_technique', organizationId)).toMatchObject({
      measured: 2,
      breached: true,
      details: {
        count: 2,
        lookback_days: 7,
        mitre_ids: ['T1003', 'T1002'],
        technique_ids: techniqueIds(['T1003', 'T1002']),
      },
    });
    expect(await world.measure('new_technique', organizationId, {}, msAfter(NOW, 1))).toMatchObject({ measured: 1 });
    expect(await world.measure('new_technique', organizationId, {}, msAfter(NOW, 2))).toMatchObject({ measured: 0 });
    expect(await world.measure('new_technique', organizationId, { min_count: 3 })).toMatchObject({
      measured: 2,
      breached: false,
    });
  });

  it('shows twenty, newest first, and those of the same date ordered by ATT&CK id', async () => {
    const organizationId = await organizationWith({
      ...all(attackIds(22, 1002).reverse(), { mitreLastModified: daysBefore(NOW, 3) }),
      T1030: { mitreLastModified: daysBefore(NOW, 1) },
      T1001: { mitreLastModified: daysBefore(NOW, 6) },
    });
    const { details, alert } = await world.measure('new_technique', organizationId);
    const newest = ['T1030', ...attackIds(19, 1002)];
    expect(details).toMatchObject({ count: 24, mitre_ids: newest, technique_ids: techniqueIds(newest) });
    expect(alert!.title).toBe('24 techniques were published or changed by MITRE in the last 7 days');
    expect(alert!.message).toContain('the rule fires at 1 or more. The newest 20 are T1030, T1002,');
  });
});

describe('new_technique by kind of change', () => {
  const days = 3;
  let organizationId: string;

  beforeAll(async () => {
    organizationId = await organizationWith(
      all(['T1001', 'T1002', 'T1003', 'T1004'], { mitreLastModified: daysBefore(NOW, days) }),
    );
    const kinds = { T1001: ['added', '18.1'], T1002: ['major', '18.1'], T1003: ['minor', '9.0'] };
    for (const [attackId, [kind, release]] of Object.entries(kinds)) {
      await world.database.query('UPDATE technique SET last_change_kind = $2, last_change_release = $3 WHERE id = $1', [
        world.technique(attackId),
        kind,
        release,
      ]);
    }
  });

  afterAll(() => world.database.query('UPDATE technique SET last_change_kind = NULL, last_change_release = NULL'));

  it.each([
    [undefined, ['T1001', 'T1002', 'T1003', 'T1004']],
    [['added'], ['T1001', 'T1004']],
    [
      ['major', 'minor'],
      ['T1002', 'T1003', 'T1004'],
    ],
    [['metadata'], ['T1004']],
  ])('with the kinds %j counts these, and techniques without a known kind', async (kinds, expected) => {
    const { measured, details } = await world.measure('new_technique', organizationId, kinds ? { kinds } : {});
    expect([measured, details.mitre_ids]).toEqual([expected.length, expected]);
  });

  it('names the newest release by number, not by text, when it fires once a release', async () => {
    const once = await world.measure('new_technique', organizationId, { once_per_release: true });
    expect(once).toMatchObject({ occasion: 'enterprise-attack 18.1', details: { release: 'enterprise-attack 18.1' } });
    const minor = await world.measure('new_technique', organizationId, { once_per_release: true, kinds: ['minor'] });
    expect(minor.occasion).toBe('enterprise-attack 9.0');
    expect((await world.measure('new_technique', organizationId)).occasion).toBeNull();
  });
});

describe('orphan_spike', () => {
  /** An organisation in which the first techniques have no owner and all others have one. */
  async function organizationWithOrphans(count: number, facts: Record<string, PostureFacts> = {}): Promise<string> {
    const organizationId = await organizationWith(facts);
    const { userId } = await aMember(world.database, organizationId);
    await world.database.query(
      'UPDATE posture SET owner_id = $2 WHERE organization_id = $1 AND technique_id <> ALL ($3::uuid[])',
      [organizationId, userId, techniqueIds(attackIds(count))],
    );
    return organizationId;
  }

  it('is one short of the default of 20, then reaches it', async () => {
    const short = await world.measure('orphan_spike', await organizationWithOrphans(19));
    expect(short).toMatchObject({
      measured: 19,
      breached: false,
      details: { orphan_count: 19, total: 30, threshold: 20 },
    });
    const reached = await world.measure('orphan_spike', await organizationWithOrphans(20));
    expect(reached).toMatchObject({
      measured: 20,
      breached: true,
      details: { orphan_count: 20, total: 30, threshold: 20 },
    });
    expect(reached.alert!.title).toBe('20 techniques have no owner');
    expect(reached.alert!.message).toContain(
      '20 of 30 techniques in scope have no owner; the rule fires at 20 or more.',
    );
  });

  it('shows the ten with the highest risk, those without a score last', async () => {
    const organizationId = await organizationWithOrphans(12, {
      T1011: { riskScore: 90 },
      T1012: { riskScore: 10 },
      T1005: { riskScore: 10 },
    });
    const { details } = await world.measure('orphan_spike', organizationId, { min_orphan_count: 1 });
    const examples = ['T1011', 'T1005', 'T1012', 'T1001', 'T1002', 'T1003', 'T1004', 'T1006', 'T1007', 'T1008'];
    expect(details).toMatchObject({
      orphan_count: 12,
      example_ids: techniqueIds(examples),
      example_attack_ids: examples,
    });
  });

  it('uses the singular for one technique', async () => {
    const { alert } = await world.measure('orphan_spike', await organizationWithOrphans(1), { min_orphan_count: 1 });
    expect(alert!.title).toBe('1 technique has no owner');
    expect(alert!.message).toContain('1 of 30 techniques in scope has no owner');
  });
});
