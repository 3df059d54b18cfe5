import fc from 'fast-check';
import { EvaluatorRegistry, EvaluatorsModule, measureInScope, type Finding } from '../../src/evaluators/index.js';
import {
  AsOfPostureReader,
  LivePostureReader,
  PostureReplay,
  scopeInWords,
  type PostureReader,
  type TechniqueScope,
} from '../../src/posture/index.js';
import { newId } from '../../src/common/ids.js';
import { CountingReader } from '../support/evaluator-world.js';
import { DAY_MS, HOUR_MS, HistoryWorld, moves, type Move } from '../support/history-world.js';
import { NOW } from '../support/test-module.js';

/** A rule of each type that few techniques are enough for. */
const RULES: readonly (readonly [string, Record<string, number>])[] = [
  ['high_risk', { min_risk_score: 50, min_count: 1 }],
  ['stale_technique', { days_stale: 20, min_count: 1 }],
  ['coverage_regression', { min_drop_pct: 1 }],
  ['low_coverage', { max_coverage_pct: 40 }],
  ['expiry_wave', { min_pending_count: 1 }],
  ['new_technique', { lookback_days: 5, min_count: 1 }],
  ['orphan_spike', { min_orphan_count: 1 }],
];

/** What the catalogue says of each technique, by its place. */
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

const TAGS = ['crown-jewels', 'o\'reilly "x" \\', 'pci'];
const TAGS_OF = [[0], [1], [0, 2], [], [1, 2], [2]].map((places) => places.map((place) => TAGS[place]!));

let world: HistoryWorld;

beforeAll(async () => {
  world = await HistoryWorld.start([EvaluatorsModule]);
});

afterAll(() => world.close());

beforeEach(() => begin());

async function begin(): Promise<void> {
  await world.begin(NOW);
  await world.write(TAGS_OF.flatMap((tags, technique) => (tags.length > 0 ? [{ technique, fact: { tags } }] : [])));
}

/** The catalogue of the world is plain: this gives its techniques what scopes tell them apart by. No history is behind it. */
async function describeTechniques(): Promise<void> {
  for (const [place, { domain, tactics, platforms, parent }] of FACTS.entries())
    await world.context.database.query(
      `UPDATE technique SET domain = $2, tactics = $3, platforms = $4, is_subtechnique = $5, attack_id = $6 WHERE id = $1`,
      [world.techniqueId(place), domain, tactics, platforms, parent !== null, attackId(place)],
    );
}

/** Plain JavaScript, against which the SQL is held. */
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

/** Owners are told by their place until there are any. */
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

/** Measures a rule of each type within each scope, all of a type in one statement, beside a rule that is not limited. */
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

/** Measures a rule of each type in a transaction that has removed from the organisation what is not within the scope. It is rolled back. */
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

/** A change at the very instant of a snapshot counts in its history and not in the snapshot, and a queue item goes with its technique. */
const makeAll = async (made: readonly Move[]): Promise<void> => {
  for (const move of made) await world.make({ ...move, waitMs: move.waitMs + 1 });
};

describe('a rule within a scope', () => {
  it('measures what a rule that is not limited measures where there are only the techniques within the scope', async () => {
    await fc.assert(
      fc.asyncProperty(
        moves().map((made) => made.filter(({ what }) => what !== 'snapshot' && what !== 'correct')),
        fc.array(scopes, { minLength: 1, maxLength: 3 }),
        async (made, drawn) => {
          await begin();
          await makeAll(made);
          await describeTechniques();
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

  it('compares the coverage of what is within the scope between the snapshots of the whole organisation', async () => {
    const told = { compared: 0 };
    await fc.assert(
      fc.asyncProperty(
        moves().map((made) => [
          { waitMs: 0, what: 'snapshot' as const },
          ...made.filter(({ what }) => what === 'posture' || what === 'snapshot' || what === 'release'),
          { waitMs: DAY_MS, what: 'snapshot' as const },
        ]),
        scopes.map(({ owners: _, ...scope }) => scope),
        async (made, scope) => {
          await begin();
          await makeAll(made);
          await describeTechniques();
          const measured = (await within([scope], world.now, live())).map(([ofScope]) => ofScope!);
          expect(await within([scope], world.now, new AsOfPostureReader(world.dataSource.manager, world.now))).toEqual(
            measured.map((finding) => [finding]),
          );
          const taken = await snapshotsTaken();

          await begin();
          const places = FACTS.flatMap((_, place) => (isWithin(scope, place, null) ? [place] : []));
          await world.context.database.query('DELETE FROM posture WHERE NOT technique_id = ANY ($1::uuid[])', [
            places.map((place) => world.techniqueId(place)),
          ]);
          await makeAll(made.map((move) => (move.what === 'posture' ? { ...move, items: among(move, places) } : move)));
          await describeTechniques();
          const expected: Finding[] = [];
          for (const [type, config] of RULES) {
            const rule = { ruleId: newId(), organizationId: world.organizationId, config };
            const evaluator = world.context.module.get(EvaluatorRegistry).get(type);
            expected.push(...(await evaluator.measure([rule], world.now, live())));
          }
          // An organisation that has nothing in scope takes no snapshot, and then compares others than the whole one does.
          const isComparable = JSON.stringify(await snapshotsTaken()) === JSON.stringify(taken);
          const compared = (_: Finding, index: number): boolean =>
            isComparable || RULES[index]![0] !== 'coverage_regression';
          expect(measured.filter(compared).map(withoutScope)).toEqual(expected.filter(compared).map(withoutScope));
          if (isComparable && expected[2]!.measured !== null) told.compared += 1;
        },
      ),
      { numRuns: 20 },
    );
    expect(told.compared).toBeGreaterThan(5);
  });

  it('is replayed as it was at each instant', async () => {
    await fc.assert(
      fc.asyncProperty(moves({ maxWaitMs: 2 * DAY_MS }), scopes, async (made, drawn) => {
        await begin();
        await makeAll(made);
        await describeTechniques();
        const scope = toScope(drawn);
        const instants = Array.from({ length: 6 }, (_, step) => new Date(NOW.getTime() + step * 37 * HOUR_MS)).filter(
          (at) => at <= world.now,
        );
        for (const [type, config] of RULES) {
          const evaluator = world.context.module.get(EvaluatorRegistry).get(type);
          const rule = { ruleId: newId(), organizationId: world.organizationId, config, scope };
          const found = await world.transactions.run(async (manager) => {
            const kinds = evaluator.definition.affectedBy;
            const replay = await PostureReplay.begin(manager, { organizationId: rule.organizationId, instants, kinds });
            const findings: Finding[] = [];
            for (const [step, at] of instants.entries()) {
              if (step > 0) await replay.next();
              findings.push(...(await measureInScope(evaluator, [rule], at, replay.reader)));
            }
            return findings;
          });
          const expected: Finding[] = [];
          for (const at of instants) {
            const reader = new AsOfPostureReader(world.dataSource.manager, at);
            expected.push(...(await measureInScope(evaluator, [rule], at, reader)));
          }
          expect(found).toEqual(expected);
        }
      }),
      { numRuns: 10 },
    );
  });

  it('says its scope in details, title and message', async () => {
    await describeTechniques();
    await world.write([0, 1, 4].map((technique) => ({ technique, fact: { risk_score: 90 } })));
    const scope: TechniqueScope = { tactics: ['initial-access'], platforms: ['Windows', 'Linux'] };
    const [[finding]] = (await within([scope], world.now, live())) as [[Finding]];
    expect(scopeInWords(scope)).toBe('in Initial Access on Windows or Linux');
    expect(finding).toMatchObject({
      measured: 2,
      details: { scope, top_attack_ids: ['T1001', 'T1002'] },
      alert: {
        title: '2 techniques have a risk score of 50 or more (in Initial Access on Windows or Linux)',
        message: expect.stringMatching(/ The rule looks only at techniques in Initial Access on Windows or Linux\.$/),
      },
    });
  });
});

function among(move: Move & { what: 'posture' }, places: readonly number[]): (Move & { what: 'posture' })['items'] {
  return move.items.filter(({ technique }) => places.includes(technique));
}
