import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type CatalogueSlice } from '../../src/catalogue/stix/catalogue-slice.js';
import { DomainError } from '../../src/common/errors/index.js';
import { newId } from '../../src/common/ids.js';
import { Transactions } from '../../src/database/index.js';
import { EvaluatorRegistry, EvaluatorsModule, measureInScope, type Finding } from '../../src/evaluators/index.js';
import { PostureModule } from '../../src/posture/posture.module.js';
import { LivePostureReader } from '../../src/posture/reading/posture-reader.js';
import { type TechniqueScope } from '../../src/posture/reading/scopes/technique-scope.js';
import { TECHNIQUE_STATUSES, type TechniqueStatus } from '../../src/posture/words/index.js';
import { PostureService } from '../../src/posture/writes/posture.service.js';
import { type CatalogueImportResult } from '../../src/releases/import/catalogue-import.result.js';
import { CatalogueImportService } from '../../src/releases/import/catalogue-import.service.js';
import { CataloguePreview } from '../../src/releases/preview/catalogue-preview.service.js';
import { CatalogueUndo } from '../../src/releases/undo/catalogue-undo.service.js';
import { toImportPreviewResponse } from '../../src/releases/api/import-preview.mapper.js';
import { ReleasesModule } from '../../src/releases/releases.module.js';
import { RevalidationModule } from '../../src/revalidation/revalidation.module.js';
import { ROLLUPS } from '../../src/snapshots/roll-up/roll-up.js';
import { SnapshotPolicies } from '../../src/snapshots/policy/snapshot-policies.service.js';
import { SnapshotsModule } from '../../src/snapshots/snapshots.module.js';
import { SnapshotsService } from '../../src/snapshots/snapshots.service.js';
import { uuid } from '../support/a-stix-bundle.js';
import { aSlice, aSliceTactic, aSliceTechnique } from '../support/catalogue-factories.js';
import { aMember, aQueueItem } from '../support/factories.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';

const HOUR_MS = 3_600_000;

type SliceTechnique = CatalogueSlice['techniques'][number];

let context: TestContext;
let organizationId: string;
let actorId: string;

beforeAll(async () => {
  context = await startTestModule([
    ReleasesModule,
    PostureModule,
    RevalidationModule,
    SnapshotsModule,
    EvaluatorsModule,
  ]);
});

afterAll(() => context.close());

beforeEach(() => begin());

async function begin(): Promise<void> {
  context.clock.set(NOW);
  await context.database.query('TRUNCATE organization, technique, tactic, catalogue_import, user_account CASCADE');
}

/** Call it after a catalogue is loaded. */
async function addOrganization(): Promise<void> {
  organizationId = newId();
  await context.module.get(Transactions).run(async (manager) => {
    await manager.query('INSERT INTO organization (id, slug, name, created_at) VALUES ($1, $2, $2, $3)', [
      organizationId,
      `org-${organizationId}`,
      context.clock.now(),
    ]);
    await context.module.get(PostureService).createRowsFor(manager, organizationId);
  });
  actorId = (await aMember(context.database, organizationId, { role: 'red_lead' })).userId;
  context.clock.advanceMs(HOUR_MS);
}

async function load(slice: CatalogueSlice, options: { carryOver?: boolean } = {}): Promise<CatalogueImportResult> {
  const result = await context.module
    .get(Transactions)
    .run((manager) =>
      context.module
        .get(CatalogueImportService)
        .importSlice(manager, slice, { source: 'a test', importedBy: null, ...options }),
    );
  context.clock.advanceMs(HOUR_MS);
  return result;
}

async function undo(importId: string): Promise<Awaited<ReturnType<CatalogueUndo['undo']>>> {
  const undone = await context.module.get(CatalogueUndo).undo(importId, actorId);
  context.clock.advanceMs(HOUR_MS);
  return undone;
}

async function put(items: Record<string, object>): Promise<void> {
  const sent = Object.entries(items).map(([attack_id, facts]) => ({ attack_id, ...facts }));
  await context.module.get(PostureService).write(organizationId, { items: sent }, actorId);
  context.clock.advanceMs(HOUR_MS);
}

/** Takes the snapshot of a day, and moves the clock to the next day. */
async function snapshot(): Promise<Awaited<ReturnType<SnapshotsService['take']>>> {
  const taken = await context.module.get(SnapshotsService).take(organizationId);
  context.clock.advanceMs(24 * HOUR_MS);
  return taken;
}

function regression(
  config: Record<string, unknown> = { min_drop_pct: 0.01 },
  scope: TechniqueScope | null = null,
): Promise<Finding> {
  return measure('coverage_regression', { config, scope });
}

async function measure(
  type: string,
  { config, scope }: { config: Record<string, unknown>; scope: TechniqueScope | null },
): Promise<Finding> {
  const registry = context.module.get(EvaluatorRegistry);
  const rule = { ruleId: newId(), organizationId, config: registry.completeConfig(type, config), scope };
  const [finding] = await context.module
    .get(Transactions)
    .run((manager) => measureInScope(registry.get(type), [rule], context.clock.now(), new LivePostureReader(manager)));
  return finding!;
}

async function statusOf(number: number): Promise<unknown> {
  const [row] = await context.database.query(
    `SELECT p.status_global, p.last_review_date, p.risk_score, p.owner_id, p.tags, p.in_force, p.change_source, p.change_id
     FROM posture p WHERE p.organization_id = $1 AND p.technique_id = $2`,
    [organizationId, uuid(number)],
  );
  return row;
}

/** All rows of the catalogue, and of posture without its versions. */
async function everything(): Promise<unknown> {
  const technique = await context.database.query('SELECT * FROM technique ORDER BY id');
  const tactic = await context.database.query('SELECT * FROM tactic ORDER BY id');
  const posture = await context.database.query(
    `SELECT organization_id, technique_id, status_global, last_review_date, risk_score, owner_id, tags, in_force, mitre_last_modified FROM posture ORDER BY 1, 2`,
  );
  return { technique, tactic, posture };
}

const technique = (number: number, facts: Parameters<typeof aSliceTechnique>[1] = {}): SliceTechnique =>
  aSliceTechnique(number, { tactics: ['defense-evasion'], techniqueVersion: '1.0', ...facts });

const evasion = aSliceTactic(5, { shortname: 'defense-evasion', name: 'Defense Evasion' });
const execution = aSliceTactic(2, { shortname: 'execution', name: 'Execution' });

/** Four techniques of one tactic, and one of another. */
const before = aSlice(
  [1001, 1002, 1003, 1004].map((number) => technique(number)).concat(technique(1005, { tactics: ['execution'] })),
  { attackVersion: '17.1', tactics: [evasion, execution] },
);

/** The tactic is split in two, a new technique replaces one, and two more are new. */
const after = aSlice(
  [
    technique(1001, { tactics: ['stealth'], techniqueVersion: '2.0', content: 'moved' }),
    technique(1002, { tactics: ['defense-impairment'], techniqueVersion: '1.1', content: 'moved' }),
    technique(1003, { revoked: true, revokedById: uuid(1006), replacedById: uuid(1006) }),
    technique(1004, { tactics: ['stealth', 'defense-impairment'], content: 'moved' }),
    technique(1005, { tactics: ['execution'] }),
    technique(1006, { tactics: ['stealth'] }),
    technique(1007, { tactics: ['stealth'] }),
    technique(1008, { tactics: ['defense-impairment'] }),
  ],
  {
    attackVersion: '18.1',
    tactics: [
      aSliceTactic(5, { shortname: 'stealth', name: 'Stealth' }),
      aSliceTactic(12, { shortname: 'defense-impairment', name: 'Defense Impairment' }),
      execution,
    ],
  },
);

async function populated(): Promise<void> {
  await load(before);
  await addOrganization();
  await put({
    T1001: { status_global: 'validated' },
    T1002: { status_global: 'validated' },
    T1003: { status_global: 'validated', risk_score: 80, owner_id: actorId, last_review_date: '2026-03-01' },
    T1005: { status_global: 'partial' },
  });
}

describe('a release that moves coverage by itself', () => {
  it('raises no regression, and the taxonomy delta explains it', async () => {
    await populated();
    expect(await snapshot()).toMatchObject({ coveragePct: 70, attackVersions: { 'enterprise-attack': '17.1' } });
    expect(await load(after)).toMatchObject({ added: 3, revoked: 1, carried_over: 1 });
    const taken = await snapshot();
    expect(taken).toMatchObject({
      coveragePct: 50,
      baselinePct: 50,
      baselineDate: '2026-03-10',
      attackVersions: { 'enterprise-attack': '18.1' },
    });
    expect(Object.keys(taken.tactics!['enterprise-attack']!).sort()).toEqual([
      'defense-impairment',
      'execution',
      'stealth',
    ]);
    expect(await regression()).toMatchObject({
      measured: 0,
      breached: false,
      alert: null,
      details: { previous_pct: 70, baseline_pct: 50, current_pct: 50, control_delta_pct: 0, taxonomy_delta_pct: -20 },
    });
  });

  it('raises one only for coverage that the organisation lost in the same days', async () => {
    await populated();
    await snapshot();
    await load(after);
    await put({ T1006: { status_global: 'not_covered' }, T1007: { status_global: 'partial' } });
    await snapshot();
    const { measured, details, alert } = await regression();
    expect(measured).toBeCloseTo(100 / 14, 9);
    expect(details).toMatchObject({
      previous_pct: 70,
      baseline_pct: 50,
      current_pct: 42.86,
      drop_pct: 7.14,
      control_delta_pct: -7.14,
      taxonomy_delta_pct: -20,
      attack_versions: { before: { 'enterprise-attack': '17.1' }, after: { 'enterprise-attack': '18.1' } },
      techniques_count: 1,
      techniques: [
        {
          attack_id: 'T1006',
          name: 'Technique 1006',
          from: 'validated',
          to: 'not_covered',
          changed_by: actorId,
          change_source: 'api',
          changed_at: '2026-03-11T16:00:00.000Z',
        },
      ],
      tactics: [{ name: 'Stealth', domain: 'enterprise-attack', before_pct: 50, after_pct: 37.5 }],
    });
    expect(alert!.message).toContain('Stealth 50% to 37.5%');
    expect(alert!.message).toContain('ATT&CK');
  });

  it('also names the tactics that lost coverage since a peak on an older release', async () => {
    await populated();
    await snapshot();
    await load(after);
    await put({ T1001: { status_global: 'not_covered' } });
    await snapshot();
    await put({ T1006: { status_global: 'partial' } });
    await snapshot();
    const { details, alert } = await regression({ min_drop_pct: 20, window_days: 10 });
    expect(details).toMatchObject({
      peak_date: '2026-03-10',
      tactics: [{ name: 'Stealth', domain: 'enterprise-attack', before_pct: 50, after_pct: 12.5 }],
      techniques_count: 2,
    });
    expect(alert!.message).toContain('Stealth 50% to 12.5%');
  });

  it('uses the first known posture of a technique without older history, so that it counts as neither gain nor loss', async () => {
    await populated();
    await snapshot();
    await put({ T1001: { risk_score: 5 } });
    await load(after);
    await context.database.query('DELETE FROM posture_history');
    expect(await snapshot()).toMatchObject({ coveragePct: 50, baselinePct: 50 });
  });

  it('names no tactics since an imported snapshot, because its instant is unknown', async () => {
    await populated();
    await put({ T1001: { risk_score: 5 } });
    await context.database.query('DELETE FROM posture_history');
    const counts = { total: 5, validated: 4, partial: 0, inProgress: 0, notCovered: 0, notEvaluated: 1 };
    await context.module.get(SnapshotsService).put(organizationId, { date: '2026-03-09', ...counts });
    await put({ T1001: { status_global: 'not_covered' } });
    await snapshot();
    const { details, alert } = await regression();
    expect(details).toMatchObject({ previous_pct: 80, current_pct: 50, techniques: [], tactics: [] });
    expect(alert!.message).toMatch(/ Look at the techniques whose status changed between these snapshots\.$/);
  });

  it('leaves a replacement unmapped without carry-over, and still raises none', async () => {
    await populated();
    await snapshot();
    expect(await load(after, { carryOver: false })).toMatchObject({ carried_over: 0 });
    expect(await statusOf(1006)).toMatchObject({ status_global: 'not_evaluated' });
    const taken = await snapshot();
    expect(taken.baselinePct).toBe(taken.coveragePct);
    expect((await regression()).breached).toBe(false);
  });

  it('raises none if it is undone between two snapshots', async () => {
    await populated();
    await snapshot();
    const { id } = await load(after);
    await snapshot();
    await undo(id);
    expect(await snapshot()).toMatchObject({ coveragePct: 70, baselinePct: 70 });
    expect(await regression()).toMatchObject({ measured: 0, breached: false });
  });
});

describe('a release that moves coverage within a scope by itself', () => {
  const scope: TechniqueScope = { tactics: ['stealth'] };
  const withinScope = (): Promise<Finding> => regression({ min_drop_pct: 0.01 }, scope);

  it('raises no regression of a rule within the scope, and the taxonomy delta explains it', async () => {
    await populated();
    await snapshot();
    await load(after);
    await snapshot();
    // Of the techniques in Stealth now, T1001 was validated and T1004 not evaluated; T1006 has the posture of T1003,
    // and T1007 is new.
    expect(await withinScope()).toMatchObject({
      measured: 0,
      breached: false,
      alert: null,
      details: {
        previous_pct: 50,
        baseline_pct: 50,
        current_pct: 50,
        control_delta_pct: 0,
        attack_versions: { before: { 'enterprise-attack': '17.1' }, after: { 'enterprise-attack': '18.1' } },
      },
    });
    expect(
      await regression({ min_drop_pct: 0.01 }, { attack_ids: ['T1003', 'T1005', 'T1006', 'T1008'] }),
    ).toMatchObject({
      measured: 0,
      breached: false,
      details: { previous_pct: 75, baseline_pct: 50, current_pct: 50, control_delta_pct: 0, taxonomy_delta_pct: -25 },
    });
  });

  it('raises one only for coverage that the organisation lost within the scope', async () => {
    await populated();
    await snapshot();
    await load(after);
    const loweredAt = context.clock.now().toISOString();
    await put({ T1006: { status_global: 'not_covered' }, T1002: { status_global: 'not_covered' } });
    await snapshot();
    const finding = await withinScope();
    expect(finding).toMatchObject({
      measured: 25,
      details: {
        previous_pct: 50,
        baseline_pct: 50,
        current_pct: 25,
        control_delta_pct: -25,
        techniques_count: 1,
        techniques: [
          {
            attack_id: 'T1006',
            from: 'validated',
            to: 'not_covered',
            change_source: 'api',
            changed_by: actorId,
            changed_at: loweredAt,
          },
        ],
        tactics: [{ name: 'Stealth', domain: 'enterprise-attack', before_pct: 50, after_pct: 25 }],
      },
    });
    expect(finding.alert!.message).toContain(
      'Tactic that lost coverage: Stealth 50% to 25%. 1 technique fell: T1006 (validated to not covered).',
    );
    expect(
      await regression({ min_drop_pct: 0.01 }, { attack_ids: ['T1003', 'T1005', 'T1006', 'T1008'] }),
    ).toMatchObject({
      details: { previous_pct: 75, baseline_pct: 50, current_pct: 16.67, taxonomy_delta_pct: -25, techniques_count: 1 },
    });
  });

  it('raises none if it is loaded again under the same name', async () => {
    await populated();
    await snapshot();
    const techniques = before.techniques.map((one) => (one.id === uuid(1001) ? { ...one, revoked: true } : one));
    await load({ ...before, techniques });
    await snapshot();
    expect(await regression({ min_drop_pct: 0.01 }, { attack_ids: ['T1001', 'T1005'] })).toMatchObject({
      measured: 0,
      breached: false,
      details: { previous_pct: 75, baseline_pct: 50, current_pct: 50, taxonomy_delta_pct: -25 },
    });
  });

  it('does not change the result of earlier snapshots', async () => {
    await populated();
    await snapshot();
    await load({ ...before, attackVersion: '17.2', techniques: [...before.techniques, technique(1009)] });
    await put({ T1001: { status_global: 'not_covered' } });
    await snapshot();
    const ids: TechniqueScope = { attack_ids: ['T1001', 'T1003', 'T1005', 'T1006', 'T1009'] };
    const said = {
      details: {
        baseline_pct: 62.5,
        current_pct: 37.5,
        techniques_count: 1,
        techniques: [{ attack_id: 'T1001', from: 'validated', to: 'not_covered', changed_by: actorId }],
      },
    };
    expect(await regression({ min_drop_pct: 0.01 }, ids)).toMatchObject(said);
    // From now on T1003 is out of force and T1006 is in force.
    await load(after);
    expect(await regression({ min_drop_pct: 0.01 }, ids)).toMatchObject(said);
  });
});

/** A release of eight techniques: each is missing, in force, revoked with or without a replacement, or deprecated. */
const release = (number: number): fc.Arbitrary<CatalogueSlice> =>
  fc
    .array(
      fc.record({
        state: fc.constantFrom('missing', 'in_force', 'in_force', 'in_force', 'revoked', 'deprecated'),
        replacement: fc.nat(7),
        tactics: fc.subarray(['stealth', 'impact']),
        parent: fc.boolean(),
      }),
      { minLength: 8, maxLength: 8 },
    )
    .map((facts) =>
      aSlice(
        facts.flatMap(({ state, replacement, tactics, parent }, index) => {
          if (state === 'missing') return [];
          const target = facts[replacement]!.state === 'in_force' ? uuid(1001 + replacement) : null;
          return technique(1001 + index, {
            tactics,
            content: `${number} ${state}`,
            isSubtechnique: parent && index > 0,
            parentId: parent && index > 0 ? uuid(1001) : null,
            revoked: state === 'revoked',
            deprecated: state === 'deprecated',
            revokedById: state === 'revoked' ? target : null,
            replacedById: state === 'revoked' ? target : null,
          });
        }),
        { attackVersion: `${number}.0` },
      ),
    );

const SCOPES: readonly TechniqueScope[] = [{ tactics: ['stealth'] }, { sub_techniques: 'exclude' }];

describe('any sequence of releases', () => {
  it.each(ROLLUPS)(
    'the control delta of %s is exactly 0 without changes by the organisation, also within a scope',
    async (rollup) => {
      let measuredWithin = 0;
      const steps = fc.array(
        fc.record({ carryOver: fc.boolean(), undone: fc.boolean(), snapshotBetween: fc.boolean() }),
        { minLength: 1, maxLength: 3 },
      );
      await fc.assert(
        fc.asyncProperty(
          fc.tuple(release(1), release(2), release(3), release(4)),
          fc.array(fc.constantFrom<TechniqueStatus>(...TECHNIQUE_STATUSES), { minLength: 8, maxLength: 8 }),
          steps,
          async ([first, ...releases], statuses, plan) => {
            await begin();
            if (first.techniques.length === 0) return;
            await load(first);
            await addOrganization();
            await context.module.get(SnapshotPolicies).change(organizationId, { rollup }, actorId);
            await context.database.query(
              `UPDATE posture p SET status_global = s.status, version = 2, valid_from = $3 FROM unnest($1::uuid[], $2::text[]) AS s (id, status) WHERE p.technique_id = s.id`,
              [statuses.map((_, index) => uuid(1001 + index)), statuses, context.clock.now()],
            );
            context.clock.advanceMs(HOUR_MS);
            await takeIfAny();
            for (const [index, { carryOver, undone, snapshotBetween }] of plan.entries()) {
              const { id } = await load(releases[index]!, { carryOver });
              if (snapshotBetween) await takeIfAny();
              if (undone) await undo(id);
            }
            await takeIfAny();
            const taken = await context.database.query<{ coverage_pct: number; baseline_pct: number | null }>(
              'SELECT coverage_pct, baseline_pct FROM posture_snapshot ORDER BY snapshot_date OFFSET 1',
            );
            for (const { coverage_pct, baseline_pct } of taken) expect(baseline_pct ?? coverage_pct).toBe(coverage_pct);
            if (taken.length > 0) expect((await regression()).measured).toBe(0);
            for (const scope of SCOPES) {
              const { measured } = await regression({ min_drop_pct: 0.01 }, scope);
              if (measured !== null) measuredWithin += 1;
              expect(measured ?? 0).toBe(0);
            }
          },
        ),
        { numRuns: 20, endOnFailure: true },
      );
      expect(measuredWithin).toBeGreaterThan(5);
    },
  );

  /** Without techniques in scope there is no coverage, and no snapshot. */
  async function takeIfAny(): Promise<void> {
    try {
      await snapshot();
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
    }
  }

  it('an import that is undone changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        release(1),
        release(2),
        fc.array(fc.constantFrom<TechniqueStatus>(...TECHNIQUE_STATUSES), { minLength: 8, maxLength: 8 }),
        async (first, second, statuses) => {
          await begin();
          await load(first);
          await addOrganization();
          await context.database.query(
            `UPDATE posture p SET status_global = s.status, risk_score = 50 FROM unnest($1::uuid[], $2::text[]) AS s (id, status) WHERE p.technique_id = s.id`,
            [statuses.map((_, index) => uuid(1001 + index)), statuses],
          );
          const was = await everything();
          const { id } = await load(second);
          await undo(id);
          expect(await everything()).toEqual(was);
        },
      ),
      { numRuns: 20, endOnFailure: true },
    );
  });
});

describe('carry-over', () => {
  it('copies status, review, risk, owner and tags to the replacement, shows it in the history, and can be undone', async () => {
    await populated();
    await put({ T1003: { tags: ['crown-jewels'] } });
    const was = await everything();
    const { id } = await load(after);
    expect(await statusOf(1006)).toEqual({
      status_global: 'validated',
      last_review_date: new Date('2026-03-01T00:00:00Z'),
      risk_score: 80,
      owner_id: actorId,
      tags: ['crown-jewels'],
      in_force: true,
      change_source: 'catalogue',
      change_id: id,
    });
    expect(await undo(id)).toMatchObject({
      id,
      attack_version: '18.1',
      loaded_attack_version: '17.1',
      techniques_restored: 5,
      techniques_removed: 3,
      techniques_kept: 0,
      posture_put_back: 1,
      posture_kept: 0,
    });
    expect(await everything()).toEqual(was);
    expect(await load(after)).toMatchObject({ added: 3, revoked: 1, carried_over: 1 });
  });

  it('keeps a replacement that was changed since, and keeps it out of force', async () => {
    await populated();
    const { id } = await load(after);
    await put({ T1006: { status_global: 'partial' } });
    await aQueueItem(context.database, organizationId, uuid(1007));
    expect(await undo(id)).toMatchObject({
      techniques_removed: 1,
      techniques_kept: 2,
      posture_put_back: 0,
      posture_kept: 1,
    });
    expect(await statusOf(1006)).toMatchObject({ status_global: 'partial', in_force: false });
    expect(await statusOf(1003)).toMatchObject({ status_global: 'validated', in_force: true });
  });

  it('keeps the evaluation of a replacement, and its risk and tags', async () => {
    await load(aSlice([...before.techniques, technique(1006), technique(1007)], { attackVersion: '17.1' }));
    await addOrganization();
    await put({
      T1003: { status_global: 'validated', risk_score: 80, tags: ['pci'] },
      T1004: { status_global: 'partial', risk_score: 70, tags: ['pci'] },
      T1006: { status_global: 'not_covered' },
      T1007: { risk_score: 20, tags: ['crown-jewels'] },
    });
    const revoked = (number: number, by: number): SliceTechnique =>
      technique(number, { revoked: true, revokedById: uuid(by), replacedById: uuid(by) });
    const next = [
      technique(1001),
      technique(1002),
      revoked(1003, 1006),
      revoked(1004, 1007),
      technique(1005, { tactics: ['execution'] }),
    ];
    await load(aSlice([...next, technique(1006), technique(1007)], { attackVersion: '18.1' }));
    expect(await statusOf(1006)).toMatchObject({ status_global: 'not_covered', risk_score: null, tags: [] });
    expect(await statusOf(1007)).toMatchObject({ status_global: 'partial', risk_score: 20, tags: ['crown-jewels'] });
  });

  it('keeps a technique in the scope of rules that are limited by its tag', async () => {
    await populated();
    await put({ T1003: { tags: ['crown-jewels'] } });
    const rule = { config: { min_risk_score: 75, min_count: 1 }, scope: { tags: ['crown-jewels'] } };
    expect(await measure('high_risk', rule)).toMatchObject({ measured: 1, details: { top_attack_ids: ['T1003'] } });
    await load(after);
    expect(await measure('high_risk', rule)).toMatchObject({ measured: 1, details: { top_attack_ids: ['T1006'] } });
  });

  it('undoes the carry-over of an earlier version, which did not copy tags', async () => {
    await populated();
    const { id } = await load(after);
    await context.database.query('UPDATE posture_carry_over SET tags = NULL, previous_tags = NULL');
    await put({ T1006: { tags: ['dmz'] } });
    expect(await undo(id)).toMatchObject({ posture_put_back: 1, posture_kept: 0 });
    expect(await statusOf(1006)).toMatchObject({ status_global: 'not_evaluated', owner_id: null, tags: ['dmz'] });
  });

  it('copies a posture that has only a tag, and keeps a tag that was set since', async () => {
    await load(before);
    await addOrganization();
    await put({ T1003: { tags: ['pci'] } });
    const { id, carried_over } = await load(after);
    expect(carried_over).toBe(1);
    expect(await statusOf(1006)).toMatchObject({ status_global: 'not_evaluated', tags: ['pci'] });
    await put({ T1006: { tags: ['pci', 'crown-jewels'] } });
    expect(await undo(id)).toMatchObject({ posture_put_back: 0, posture_kept: 1 });
    expect(await statusOf(1006)).toMatchObject({ tags: ['crown-jewels', 'pci'], in_force: false });
  });

  it('keeps the lowest evaluated status if several techniques merge', async () => {
    await populated();
    await put({ T1004: { status_global: 'partial' } });
    const both = after.techniques.map((one) =>
      one.id === uuid(1004) || one.id === uuid(1002)
        ? { ...one, revoked: true, revokedById: uuid(1006), replacedById: uuid(1006) }
        : one,
    );
    await load({ ...after, techniques: both });
    expect(await statusOf(1006)).toMatchObject({ status_global: 'partial' });
  });
});

describe('a preview', () => {
  const preview = (slice: CatalogueSlice, options: { allowOlder?: boolean } = {}) =>
    context.module.get(CataloguePreview).previewSlice(organizationId, slice, options);

  it('lists the effects of the release on the organisation, and writes nothing', async () => {
    await populated();
    const was = await everything();
    const answer = toImportPreviewResponse(await preview(after));
    expect(await everything()).toEqual(was);
    expect(answer).toMatchObject({
      domain: 'enterprise-attack',
      attack_version: '18.1',
      loaded_attack_version: '17.1',
      added_count: 3,
      added: [{ attack_id: 'T1006', name: 'Technique 1006', tactics: ['stealth'] }, {}, {}],
      revoked_count: 1,
      revoked: [
        {
          attack_id: 'T1003',
          status_global: 'validated',
          risk_score: 80,
          owner_id: actorId,
          replaced_by: { attack_id: 'T1006', name: 'Technique 1006' },
          carried_over: true,
        },
      ],
      carried_over_count: 1,
      deprecated_count: 0,
      moved_count: 3,
      moved: [{ attack_id: 'T1001', tactics_before: ['defense-evasion'], tactics_after: ['stealth'] }, {}, {}],
      changed_major: [{ attack_id: 'T1001', version_before: '1.0', version_after: '2.0' }],
      changed_minor: [{ attack_id: 'T1002' }],
      coverage: {
        rollup: 'flat',
        before_pct: 70,
        after_unmapped_pct: 250 / 7,
        after_carried_over_pct: 50,
      },
    });
  });

  it('refuses the same input as the import', async () => {
    await populated();
    await expect(preview({ ...after, attackVersion: '16.0' })).rejects.toMatchObject({ code: 'conflict' });
    await expect(preview({ ...after, attackVersion: null })).rejects.toMatchObject({ code: 'invalid_input' });
    expect((await preview({ ...after, attackVersion: '16.0' }, { allowOlder: true })).added).toHaveLength(3);
  });

  it.each([
    { revoked: { risk_score: 80 }, replacement: { risk_score: 20 }, isCarriedOver: false },
    {
      revoked: { risk_score: 80, tags: ['pci'] },
      replacement: { risk_score: 20, tags: ['dmz'] },
      isCarriedOver: false,
    },
    { revoked: { risk_score: 80, tags: ['pci'] }, replacement: { risk_score: 20 }, isCarriedOver: true },
    { revoked: { tags: ['pci'] }, replacement: {}, isCarriedOver: true },
  ])('says whether the replacement gets anything: $isCarriedOver', async ({ revoked, replacement, isCarriedOver }) => {
    await load(aSlice([...before.techniques, technique(1006)], { attackVersion: '17.1' }));
    await addOrganization();
    await put({ T1003: revoked, T1006: replacement });
    const count = isCarriedOver ? 1 : 0;
    expect(toImportPreviewResponse(await preview(after))).toMatchObject({
      revoked: [{ attack_id: 'T1003', tags: revoked.tags ?? [], carried_over: isCarriedOver }],
      carried_over_count: count,
    });
    expect(await load(after)).toMatchObject({ revoked: 1, carried_over: count });
  });

  it('carries the same postures to the same replacements as the import, for any revocations and postures', async () => {
    const numbers = [1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008];
    const first = aSlice(
      numbers.map((number) => technique(number)),
      { attackVersion: '1.0' },
    );
    /** Revokes some of the first five techniques in favour of the last three. */
    const revoking = fc
      .array(fc.option(fc.constantFrom(1006, 1007, 1008), { freq: 4 }), { minLength: 5, maxLength: 5 })
      .map((replacements) =>
        aSlice(
          numbers.map((number, index) => {
            const target = replacements[index] ? uuid(replacements[index]) : null;
            return technique(number, { revoked: target !== null, revokedById: target, replacedById: target });
          }),
          { attackVersion: '2.0' },
        ),
      );
    const posture = fc.record({
      status: fc.constantFrom<TechniqueStatus>('not_evaluated', 'not_evaluated', ...TECHNIQUE_STATUSES),
      reviewed: fc.constantFrom(false, false, true),
      riskScore: fc.option(fc.integer({ min: 0, max: 100 })),
      owned: fc.boolean(),
      tags: fc.subarray(['crown-jewels', 'pci']),
    });
    let carried = 0;
    await fc.assert(
      fc.asyncProperty(revoking, fc.array(posture, { minLength: 8, maxLength: 8 }), async (second, postures) => {
        await begin();
        await load(first);
        await addOrganization();
        await context.database.query(
          `UPDATE posture p SET status_global = s.status, last_review_date = CASE WHEN s.reviewed THEN $6::timestamptz END, risk_score = s.risk,
               owner_id = CASE WHEN s.owned THEN $7::uuid END, tags = coalesce(string_to_array(nullif(s.tags, ''), ','), '{}')
             FROM unnest($1::uuid[], $2::text[], $3::boolean[], $4::float8[], $5::boolean[], $8::text[]) AS s (id, status, reviewed, risk, owned, tags)
             WHERE p.technique_id = s.id`,
          [
            postures.map((_, index) => uuid(1001 + index)),
            postures.map(({ status }) => status),
            postures.map(({ reviewed }) => reviewed),
            postures.map(({ riskScore }) => riskScore),
            postures.map(({ owned }) => owned),
            NOW,
            actorId,
            postures.map(({ tags }) => tags.join()),
          ],
        );
        const { revoked } = await preview(second);
        const planned = revoked.filter(({ isCarriedOver }) => isCarriedOver);
        const { id } = await load(second);
        const pairs = await context.database.query<{ from_id: string; to_id: string }>(
          'SELECT from_technique_id AS from_id, technique_id AS to_id FROM posture_carry_over WHERE import_id = $1',
          [id],
        );
        carried += pairs.length;
        expect(pairs.map(({ from_id, to_id }) => `${from_id} -> ${to_id}`).sort()).toEqual(
          planned.map(({ before: { id: from }, replacement }) => `${from} -> ${replacement!.id}`).sort(),
        );
      }),
      { numRuns: 30, endOnFailure: true },
    );
    // Some twenty on average. Without any, the comparison would prove nothing.
    expect(carried).toBeGreaterThan(0);
  });

  it('gives the coverage that follows from the import, with and without carry-over', async () => {
    await fc.assert(
      fc.asyncProperty(
        release(1),
        release(2),
        fc.array(fc.constantFrom<TechniqueStatus>(...TECHNIQUE_STATUSES), { minLength: 8, maxLength: 8 }),
        fc.constantFrom(...ROLLUPS),
        fc.boolean(),
        async (first, second, statuses, rollup, mayCarryOver) => {
          await begin();
          await load(first);
          await addOrganization();
          await context.module.get(SnapshotPolicies).change(organizationId, { rollup }, actorId);
          await context.database.query(
            `UPDATE posture p SET status_global = s.status FROM unnest($1::uuid[], $2::text[]) AS s (id, status) WHERE p.technique_id = s.id`,
            [statuses.map((_, index) => uuid(1001 + index)), statuses],
          );
          const { coverage, revoked } = await preview(second);
          const { carried_over } = await load(second, { carryOver: mayCarryOver });
          if (mayCarryOver) expect(carried_over).toBe(revoked.filter(({ isCarriedOver }) => isCarriedOver).length);
          const expected = mayCarryOver ? coverage.carriedOver : coverage.unmapped;
          if (expected === null) return;
          expect((await snapshot()).coveragePct).toBeCloseTo(expected, 9);
        },
      ),
      { numRuns: 20, endOnFailure: true },
    );
  });
});

describe('undo', () => {
  it('is refused except for the newest import of a domain that is not undone', async () => {
    await populated();
    const second = await load(after);
    const third = await load({ ...after, attackVersion: '18.2' });
    await expect(undo(second.id)).rejects.toThrow(
      'the import of ATT&CK 18.1 of enterprise-attack is not the newest of its domain: undo the one of 18.2 first',
    );
    await undo(third.id);
    await expect(undo(third.id)).rejects.toThrow('was undone on');
    await expect(undo(newId())).rejects.toMatchObject({ code: 'not_found' });
    await context.database.query('DELETE FROM catalogue_before_image');
    await expect(undo(second.id)).rejects.toThrow('was made before imports could be undone');
  });

  it('removes a whole domain again', async () => {
    await populated();
    const { id } = await load(aSlice([technique(3001)], { domain: 'ics-attack', attackVersion: '18.1' }));
    expect(await undo(id)).toMatchObject({ loaded_attack_version: null, techniques_removed: 1 });
  });
});
