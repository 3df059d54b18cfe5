import fc from 'fast-check';
import { newId } from '../../src/common/ids.js';
import { EvaluatorRegistry, EvaluatorsModule, measureInScope, type Finding } from '../../src/evaluators/index.js';
import { AsOfPostureReader } from '../../src/posture/reading/posture-as-of.js';
import { LivePostureReader, type PostureReader } from '../../src/posture/reading/posture-reader.js';
import { PostureReplay } from '../../src/posture/reading/posture-replay.js';
import { describeScope, type TechniqueScope } from '../../src/posture/reading/scopes/technique-scope.js';
import { uuid } from '../support/a-stix-bundle.js';
import { aSliceTactic } from '../support/catalogue-factories.js';
import { CountingReader } from '../support/evaluator-world.js';
import { DAY_MS, HOUR_MS, HistoryWorld, moves, type DescribedCatalogue, type Move } from '../support/history-world.js';
import { NOW } from '../support/test-module.js';

/** A rule of each type, with settings for few techniques. */
const RULES: readonly (readonly [string, Record<string, number>])[] = [
  ['high_risk', { min_risk_score: 50, min_count: 1 }],
  ['stale_technique', { days_stale: 20, min_count: 1 }],
  ['coverage_regression', { min_drop_pct: 1 }],
  ['low_coverage', { max_coverage_pct: 40 }],
  ['expiry_wave', { min_pending_count: 1 }],
  ['new_technique', { lookback_days: 5, min_count: 1 }],
  ['orphan_spike', { min_orphan_count: 1 }],
];

/** The catalogue's facts about each technique, by its index. */
const FACTS = [
  { domain: 'enterprise-attack', tactics: ['initial-access'], platforms: ['Windows'], parent: null },
  { domain: 'enterprise-attack', tactics: ['initial-access', 'execution'], platforms: ['Linux'], parent: null },
  { domain: 'enterprise-attack', tactics: ['execution'], platforms: ['Windows', 'Linux'], parent: 1 },
  { domain: 'ics-attack', tactics: ['execution'], platforms: ['Engineering Workstation'], parent: null },
  { domain: 'mobile-attack', tactics: ['initial-access'], platforms: ['Android'], parent: null },
  { domain: 'ics-attack', tactics: ['impact'], platforms: ['Windows'], parent: 3 },
] as const;

const attackId = (place: number): string => {
  const { parent } = FACTS[place]!;
  return parent === null ? `T${1001 + place}` : `T${1001 + parent}.001`;
};

const DESCRIBED: DescribedCatalogue = {
  techniques: FACTS.map(({ domain, tactics, platforms, parent }, place) => ({
    attackId: attackId(place),
    domain,
    tactics: [...tactics],
    platforms: [...platforms],
    parentId: parent === null ? null : uuid(1001 + parent),
  })),
  tactics: [
    aSliceTactic(1, { shortname: 'initial-access', name: 'Initial Access' }),
    aSliceTactic(2, { shortname: 'execution', name: 'Execution' }),
  ],
};

const TAGS = ['crown-jewels', 'o\'reilly "x" \\', 'pci'];
const TAGS_OF = [[0], [1], [0, 2], [], [1, 2], [2]].map((places) => places.map((place) => TAGS[place]!));

let world: HistoryWorld;

beforeAll(async () => {
  world = await HistoryWorld.start([EvaluatorsModule], { described: DESCRIBED });
});

afterAll(() => world.close());

beforeEach(() => begin());

async function begin(): Promise<void> {
  await world.begin(NOW);
  await world.write(TAGS_OF.flatMap((tags, technique) => (tags.length > 0 ? [{ technique, fact: { tags } }] : [])));
}

/** A scope that contains most falls. */
const WIDE: TechniqueScope = { sub_techniques: 'exclude' };

/** Plain JavaScript, to compare the SQL with. */
function isWithin(scope: TechniqueScope, place: number, ownerId: string | null): boolean {
  const { domain, tactics, platforms, parent } = FACTS[place]!;
  const some = <T>(names: readonly T[] | undefined, own: readonly T[]): boolean =>
    names === undefined || own.some((one) => names.includes(one));
  return (
    some(scope.domains, [domain]) &&
    some(scope.tactics, tactics) &&
    some(scope.platforms, platforms) &&
    some(scope.attack_ids, [attackId(place), attackId(place).slice(0, 5)]) &&
    some(scope.owners, ownerId === null ? [] : [ownerId]) &&
    some(scope.tags, TAGS_OF[place]!) &&
    (scope.sub_techniques === undefined || (parent !== null) === (scope.sub_techniques === 'only'))
  );
}

/**
 * Moves that set the statuses of all techniques (few not covered), take a snapshot, run the given moves, lower statuses
 * one day later, and take another snapshot.
 */
const lowered = (made: fc.Arbitrary<Move[]>): fc.Arbitrary<Move[]> =>
  fc
    .tuple(
      made,
      fc.array(fc.constantFrom('validated', 'validated', 'partial'), {
        minLength: FACTS.length,
        maxLength: FACTS.length,
      }),
      fc.uniqueArray(fc.nat(FACTS.length - 1), { minLength: 4 }),
      fc.constantFrom('not_covered', 'in_progress', 'not_applicable'),
    )
    .map(([between, first, places, status]) => [
      posture(first.map((one, technique) => ({ technique, fact: { status_global: one } }))),
      { waitMs: 0, what: 'snapshot' },
      ...between,
      posture(
        places.map((technique) => ({ technique, fact: { status_global: status } })),
        DAY_MS,
      ),
      { waitMs: 0, what: 'snapshot' },
    ]);

const posture = (items: (Move & { what: 'posture' })['items'], waitMs = 0): Move => ({
  waitMs,
  what: 'posture',
  items,
});

/** Owners are given by index, because they do not exist yet. */
type DrawnScope = Omit<TechniqueScope, 'owners'> & { owners?: number[] };

const some = <T>(...names: T[]): fc.Arbitrary<T[]> => fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 });

const scopes: fc.Arbitrary<DrawnScope> = fc.record(
  {
    domains: some<'enterprise-attack' | 'mobile-attack' | 'ics-attack'>(
      'enterprise-attack',
      'mobile-attack',
      'ics-attack',
    ),
    tactics: some('initial-access', 'execution', 'impact'),
    platforms: some('Windows', 'Linux', 'Android'),
    attack_ids: some(...FACTS.map((_, place) => attackId(place))),
    owners: some(0, 1),
    tags: some(...TAGS),
    sub_techniques: fc.constantFrom('exclude' as const, 'only' as const),
  },
  { requiredKeys: [] },
);

const toScope = ({ owners, ...scope }: DrawnScope): TechniqueScope => ({
  ...scope,
  ...(owners ? { owners: owners.map((place) => world.ownerIds[place]!) } : {}),
});

const live = (): PostureReader => new LivePostureReader(world.dataSource.manager);

/**
 * Measures a rule of each type within each scope, together with a rule without a scope, all rules of a type in one
 * statement.
 */
async function within(limits: readonly TechniqueScope[], at: Date, reader: PostureReader): Promise<Finding[][]> {
  const byType: Finding[][] = [];
  for (const [type, config] of RULES) {
    const counting = new CountingReader(reader);
    const rules = [null, ...limits].map((scope) => ({
      ruleId: newId(),
      organizationId: world.organizationId,
      config,
      scope,
    }));
    const evaluator = world.context.module.get(EvaluatorRegistry).get(type);
    const [unlimited, ...limited] = await measureInScope(evaluator, rules, at, counting);
    expect(counting.statements).toBe(1);
    expect([unlimited]).toEqual(await measureInScope(evaluator, rules.slice(0, 1), at, reader));
    byType.push(limited);
  }
  return byType;
}

/**
 * Measures a rule of each type in a transaction that first removes everything outside the scope from the organisation.
 * It is rolled back.
 */
async function alone(scope: TechniqueScope, at: Date): Promise<Finding[]> {
  const runner = world.dataSource.createQueryRunner();
  await runner.startTransaction();
  try {
    const owners: { technique_id: string; owner_id: string | null }[] = await runner.query(
      'SELECT technique_id, owner_id FROM posture WHERE organization_id = $1',
      [world.organizationId],
    );
    const ownerOf = new Map(owners.map((row) => [row.technique_id, row.owner_id]));
    const others = FACTS.flatMap((_, place) => {
      const id = world.techniqueId(place);
      return isWithin(scope, place, ownerOf.get(id) ?? null) ? [] : [id];
    });
    await runner.query('DELETE FROM posture WHERE organization_id = $1 AND technique_id = ANY ($2::uuid[])', [
      world.organizationId,
      others,
    ]);
    const findings: Finding[] = [];
    for (const [type, config] of RULES) {
      const rule = { ruleId: newId(), organizationId: world.organizationId, config };
      const evaluator = world.context.module.get(EvaluatorRegistry).get(type);
      findings.push(...(await evaluator.measure([rule], at, new LivePostureReader(runner.manager))));
    }
    return findings;
  } finally {
    await runner.rollbackTransaction();
    await runner.release();
  }
}

const snapshotsTaken = (): Promise<unknown[]> =>
  world.context.database.query('SELECT snapshot_date::text, valid_from FROM posture_snapshot ORDER BY snapshot_date');

const withoutScope = ({ details, alert, ...rest }: Finding): unknown => {
  const { scope: _, ...others } = details;
  return { ...rest, details: others, alert: alert !== null };
};

/** Each organisation has another user who changes posture. */
function byTheActor(finding: Finding): Finding {
  const techniques = finding.details.techniques as { changed_by: string | null }[] | undefined;
  if (techniques === undefined) return finding;
  const changedBy = (id: string | null): string | null => (id === world.actorId ? 'the actor' : id);
  return {
    ...finding,
    details: {
      ...finding.details,
      techniques: techniques.map((one) => ({ ...one, changed_by: changedBy(one.changed_by) })),
    },
  };
}

/** Converts a finding without a scope to the finding within the scope: drops the tactics outside it. */
function withinScope({ details, alert, ...rest }: Finding, scope: TechniqueScope): Finding {
  const tactics = details.tactics as { tactic: string }[] | undefined;
  const kept = tactics?.filter(({ tactic }) => scope.tactics?.includes(tactic) ?? true);
  const words = describeScope(scope);
  return {
    ...rest,
    details: { ...details, ...(kept && { tactics: kept }), scope },
    alert: alert && {
      title: `${alert.title} (${words})`,
      message:
        kept?.length === tactics?.length
          ? `${alert.message} The rule counts only techniques ${words}.`
          : expect.any(String),
    },
  };
}

const namesFallenTechniques = ({ details: { tactics, techniques } }: Finding): boolean =>
  ((tactics as unknown[] | undefined)?.length ?? 0) > 0 && ((techniques as unknown[] | undefined)?.length ?? 0) > 0;

/**
 * A change at the very instant of a snapshot counts in its history but not in the snapshot. A queue item goes with its
 * technique.
 */
const makeAll = async (made: readonly Move[]): Promise<void> => {
  for (const move of made) await world.make({ ...move, waitMs: move.waitMs + 1 });
};

describe('a rule within a scope', () => {
  it('measures the same as a rule without a scope in an organisation that has only the techniques within the scope', async () => {
    await fc.assert(
      fc.asyncProperty(
        moves().map((made) => made.filter(({ what }) => what !== 'snapshot' && what !== 'correct')),
        fc.array(scopes, { minLength: 1, maxLength: 3 }),
        async (made, drawn) => {
          await begin();
          await makeAll(made);
          const limits = drawn.map(toScope);
          const measured = await within(limits, world.now, live());
          for (const [index, scope] of limits.entries()) {
            const expected = await alone(scope, world.now);
            expect(measured.map((ofType) => withoutScope(ofType[index]!))).toEqual(expected.map(withoutScope));
          }
          expect(await within(limits, world.now, new AsOfPostureReader(world.dataSource.manager, world.now))).toEqual(
            measured,
          );
        },
      ),
      { numRuns: 20 },
    );
  });

  it('compares the coverage within the scope between the snapshots of the whole organisation, and names the techniques that fell', async () => {
    const counted = { named: 0 };
    await fc.assert(
      fc.asyncProperty(
        lowered(moves().map((made) => made.filter(({ what }) => ['posture', 'snapshot', 'release'].includes(what)))),
        scopes.map(({ owners: _, ...scope }) => scope),
        async (made, scope) => {
          await begin();
          await makeAll(made);
          const measured = (await within([scope], world.now, live())).map(([ofScope]) => ofScope!);
          expect(await within([scope], world.now, new AsOfPostureReader(world.dataSource.manager, world.now))).toEqual(
            measured.map((finding) => [finding]),
          );
          const said = measured.map(byTheActor);
          const taken = await snapshotsTaken();

          await begin();
          const places = FACTS.flatMap((_, place) => (isWithin(scope, place, null) ? [place] : []));
          await world.context.database.query('DELETE FROM posture WHERE NOT technique_id = ANY ($1::uuid[])', [
            places.map((place) => world.techniqueId(place)),
          ]);
          await makeAll(made.map((move) => (move.what === 'posture' ? { ...move, items: among(move, places) } : move)));
          const expected: Finding[] = [];
          for (const [type, config] of RULES) {
            const rule = { ruleId: newId(), organizationId: world.organizationId, config };
            const evaluator = world.context.module.get(EvaluatorRegistry).get(type);
            expected.push(...(await evaluator.measure([rule], world.now, live())));
          }
          // An organisation without techniques in scope takes no snapshot, and then compares other snapshots than the
          // whole organisation.
          const isComparable = JSON.stringify(await snapshotsTaken()) === JSON.stringify(taken);
          const compared = (_: Finding, index: number): boolean =>
            isComparable || RULES[index]![0] !== 'coverage_regression';
          expect(said.filter(compared)).toEqual(
            expected.filter(compared).map((finding) => withinScope(byTheActor(finding), scope)),
          );
          if (isComparable && namesFallenTechniques(measured[2]!)) counted.named += 1;
        },
      ),
      { numRuns: 20 },
    );
    expect(counted.named).toBeGreaterThan(2);
  });

  it('leaves out snapshots of the future, which a clock that was ahead took', async () => {
    await begin();
    const validated = FACTS.map((_, technique) => ({ technique, fact: { status_global: 'validated' as const } }));
    const fallen = FACTS.map((_, technique) => ({ technique, fact: { status_global: 'not_covered' as const } }));
    await makeAll([
      posture(validated),
      { waitMs: 0, what: 'snapshot' },
      posture(fallen, DAY_MS),
      { waitMs: 0, what: 'snapshot' },
    ]);
    const measured = await within([WIDE], world.now, live());
    expect(measured[2]![0]).toMatchObject({ breached: true });

    await world.context.database.query(
      `INSERT INTO posture_snapshot SELECT (jsonb_populate_record(s, jsonb_build_object('snapshot_date', s.snapshot_date + 365))).*
       FROM posture_snapshot s`,
    );
    expect(await within([WIDE], world.now, live())).toEqual(measured);
  });

  it('measures the same in a replay as at each instant', async () => {
    const counted = { named: 0 };
    await fc.assert(
      fc.asyncProperty(lowered(moves({ maxWaitMs: 2 * DAY_MS })), scopes, async (made, drawn) => {
        await begin();
        await makeAll(made);
        const steps = Array.from({ length: 6 }, (_, step) => new Date(NOW.getTime() + step * 37 * HOUR_MS));
        const instants = [...steps.filter((at) => at < world.now), world.now];
        for (const [type, config] of RULES) {
          const evaluator = world.context.module.get(EvaluatorRegistry).get(type);
          const { organizationId } = world;
          const rules = [toScope(drawn), WIDE].map((scope) => ({ ruleId: newId(), organizationId, config, scope }));
          const found = await world.transactions.run(async (manager) => {
            const kinds = evaluator.definition.affectedBy;
            const replay = await PostureReplay.begin(manager, { organizationId, instants, kinds });
            const findings: Finding[] = [];
            for (const [step, at] of instants.entries()) {
              if (step > 0) await replay.next();
              findings.push(...(await measureInScope(evaluator, rules, at, replay.reader)));
            }
            return findings;
          });
          const expected: Finding[] = [];
          for (const at of instants) {
            const reader = new AsOfPostureReader(world.dataSource.manager, at);
            expected.push(...(await measureInScope(evaluator, rules, at, reader)));
          }
          expect(found).toEqual(expected);
          expect(found.slice(-2)).toEqual(await measureInScope(evaluator, rules, world.now, live()));
          if (type === 'coverage_regression' && found.some(namesFallenTechniques)) counted.named += 1;
        }
      }),
      { numRuns: 10 },
    );
    expect(counted.named).toBeGreaterThan(0);
  });

  it('names its scope in details, title and message', async () => {
    await world.write([0, 1, 4].map((technique) => ({ technique, fact: { risk_score: 90 } })));
    const scope: TechniqueScope = { tactics: ['initial-access'], platforms: ['Windows', 'Linux'] };
    const [[finding]] = (await within([scope], world.now, live())) as [[Finding]];
    expect(describeScope(scope)).toBe('in Initial Access on Windows or Linux');
    expect(finding).toMatchObject({
      measured: 2,
      details: { scope, top_attack_ids: ['T1001', 'T1002'] },
      alert: {
        title: '2 techniques have a risk score of 50 or more (in Initial Access on Windows or Linux)',
        message: expect.stringMatching(/ The rule counts only techniques in Initial Access on Windows or Linux\.$/),
      },
    });
  });
});

describe('a regression within a scope', () => {
  const status = (statuses: Record<number, string>): Promise<unknown> =>
    world.write(
      Object.entries(statuses).map(([place, status_global]) => ({ technique: Number(place), fact: { status_global } })),
    );
  const snapshot = (): Promise<void> => world.make({ waitMs: HOUR_MS, what: 'snapshot' });
  const regression = async (scope: TechniqueScope): Promise<Finding> =>
    (await within([scope], world.now, live()))[2]![0]!;

  /** Everything is validated, and a snapshot was taken a day ago. */
  beforeEach(async () => {
    await status({ 0: 'validated', 1: 'validated', 2: 'validated', 3: 'validated', 4: 'validated', 5: 'validated' });
    await snapshot();
    world.context.clock.advanceMs(DAY_MS);
  });

  it('names the techniques that fell, who lowered them, and the coverage that the tactics of the scope lost', async () => {
    const loweredAt = world.now;
    await status({ 0: 'not_covered', 1: 'partial', 2: 'not_covered', 3: 'not_covered', 4: 'not_covered' });
    await snapshot();
    const scope: TechniqueScope = { tactics: ['initial-access'], domains: ['enterprise-attack'] };
    const by = { change_source: 'api', changed_by: world.actorId, changed_at: loweredAt.toISOString() };
    expect(await regression(scope)).toEqual({
      measured: 75,
      threshold: 1,
      breached: true,
      details: {
        previous_pct: 100,
        current_pct: 25,
        drop_pct: 75,
        previous_date: '2026-03-10',
        current_date: '2026-03-11',
        threshold: 1,
        baseline_pct: 100,
        control_delta_pct: -75,
        taxonomy_delta_pct: 0,
        attack_versions: {
          before: { 'enterprise-attack': '18.1', 'ics-attack': '18.1', 'mobile-attack': '18.1' },
          after: { 'enterprise-attack': '18.1', 'ics-attack': '18.1', 'mobile-attack': '18.1' },
        },
        // T1002 also has the tactic Execution, which is outside the scope.
        tactics: [
          {
            domain: 'enterprise-attack',
            tactic: 'initial-access',
            name: 'Initial Access',
            before_pct: 100,
            after_pct: 25,
          },
        ],
        techniques: [
          {
            technique_id: world.techniqueId(0),
            attack_id: 'T1001',
            name: 'Technique 1001',
            from: 'validated',
            to: 'not_covered',
            tactics: ['initial-access'],
            ...by,
          },
          {
            technique_id: world.techniqueId(1),
            attack_id: 'T1002',
            name: 'Technique 1002',
            from: 'validated',
            to: 'partial',
            tactics: ['initial-access', 'execution'],
            ...by,
          },
        ],
        techniques_count: 2,
        scope,
      },
      alert: {
        title: 'Coverage dropped by 75 percentage points, from 100% to 25% (in Initial Access of Enterprise)',
        message:
          'Coverage dropped by 75 percentage points, from 100% on 2026-03-10 to 25% on 2026-03-11; the rule fires at a drop of 1 or more. ' +
          'Tactic that lost coverage: Initial Access 100% to 25%. 2 techniques fell: T1001 (validated to not covered), T1002 (validated to partial). ' +
          'The rule counts only techniques in Initial Access of Enterprise.',
      },
    });
  });

  it.each<[string, () => TechniqueScope]>([
    ['owners', () => ({ owners: [world.ownerIds[0]!] })],
    ['tags', () => ({ tags: ['pci'] })],
  ])('by %s names only techniques within the scope that fell', async (_, scopeOf) => {
    // Techniques 2, 4 and 5 have the tag pci.
    await world.write([2, 4, 5].map((technique) => ({ technique, fact: { owner: 0 } })));
    await snapshot();
    world.context.clock.advanceMs(DAY_MS);
    await status({ 0: 'not_covered', 2: 'not_covered', 4: 'partial' });
    await snapshot();
    const { measured, details, alert } = await regression(scopeOf());
    expect(measured).toBe(50);
    expect(details).toMatchObject({
      techniques_count: 2,
      techniques: [
        { attack_id: 'T1002.001', from: 'validated', to: 'not_covered', changed_by: world.actorId },
        { attack_id: 'T1005', from: 'validated', to: 'partial', changed_by: world.actorId },
      ],
      tactics: [
        { domain: 'enterprise-attack', name: 'Execution', before_pct: 100, after_pct: 0 },
        { domain: 'mobile-attack', name: 'initial-access', before_pct: 100, after_pct: 50 },
      ],
    });
    expect(alert!.message).toContain(
      'Tactics that lost most coverage: Execution 100% to 0%, initial-access (Mobile) 100%',
    );
  });

  it('says that techniques entered or left the scope if none fell in status', async () => {
    await world.write([{ technique: 1, fact: { tags: ['pci'] } }]);
    await status({ 1: 'not_covered', 5: 'not_covered' });
    await snapshot();
    world.context.clock.advanceMs(DAY_MS);
    await world.write([2, 4].map((technique) => ({ technique, fact: { tags: [] } })));
    await snapshot();
    const { measured, details, alert } = await regression({ tags: ['pci'] });
    expect(measured).toBe(50);
    expect(details).toMatchObject({
      techniques: [],
      techniques_count: 0,
      tactics: [{ domain: 'enterprise-attack', tactic: 'execution', before_pct: 50, after_pct: 0 }],
    });
    expect(alert!.message).toContain(
      'Tactic that lost coverage: Execution 50% to 0%. No technique fell in status: look at the techniques that entered or left the scope between these snapshots.',
    );
  });

  it('uses the scope at the time of the snapshots, whatever tags changed since', async () => {
    await status({ 0: 'not_covered' });
    await snapshot();
    world.context.clock.advanceMs(DAY_MS);
    await world.make({ waitMs: HOUR_MS, what: 'release', technique: 3, revoked: true });
    await status({ 2: 'not_covered' });
    await snapshot();
    const said = await regression({ tags: ['pci'] });
    expect(said).toMatchObject({
      breached: true,
      details: { baseline_pct: 100, techniques: [{ attack_id: 'T1002.001' }] },
    });
    world.context.clock.advanceMs(HOUR_MS);
    await world.write([
      { technique: 2, fact: { tags: [] } },
      { technique: 0, fact: { tags: ['pci'] } },
    ]);
    await status({ 4: 'not_covered' });
    expect(await regression({ tags: ['pci'] })).toEqual(said);
  });
});

function among(move: Move & { what: 'posture' }, places: readonly number[]): (Move & { what: 'posture' })['items'] {
  return move.items.filter(({ technique }) => places.includes(technique));
}
