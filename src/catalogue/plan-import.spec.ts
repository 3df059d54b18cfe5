import fc from 'fast-check';
import { uuid } from '../../test/support/a-stix-bundle.js';
import { aSlice, aSliceTactic, aSliceTechnique } from '../../test/support/catalogue-factories.js';
import { IMPORT_OUTCOMES, planImport, type CatalogueTechnique } from './plan-import.js';

type Facts = Parameters<typeof aSliceTechnique>[1];

/** The catalogue after a first import of these. */
function stored(...techniques: ReturnType<typeof aSliceTechnique>[]): CatalogueTechnique[] {
  return planImport([], aSlice(techniques)).rows;
}

/** The outcome for technique 1001 when `before` is stored and `after` is imported. */
function outcome(before: Facts, after: Facts): string[] {
  const { outcomes } = planImport(stored(aSliceTechnique(1001, before)), aSlice([aSliceTechnique(1001, after)]));
  return IMPORT_OUTCOMES.filter((name) => outcomes[name].length > 0);
}

const LATER = '2025-10-24T17:49:13.380Z';

describe('planImport', () => {
  test('counts every technique as added the first time, including revoked and deprecated ones', () => {
    const plan = planImport(
      [],
      aSlice([
        aSliceTechnique(1001),
        aSliceTechnique(1002, { revoked: true }),
        aSliceTechnique(1003, { deprecated: true }),
      ]),
    );
    expect(plan.outcomes.added).toEqual(['T1001', 'T1002', 'T1003']);
    expect(plan.rows.map(({ isRevoked, isDeprecated }) => [isRevoked, isDeprecated])).toEqual([
      [false, false],
      [true, false],
      [false, true],
    ]);
  });

  test.each<[string, Facts, Facts]>([
    ['unchanged', {}, {}],
    ['restamped', {}, { mitreModified: LATER }],
    ['changed_metadata_only', {}, { content: 'other words' }],
    ['changed_metadata_only', {}, { platforms: ['Linux'] }],
    ['changed_metadata_only', {}, { replacedById: uuid(1) }],
    ['changed_metadata_only', { revoked: true }, {}],
    ['changed_minor', {}, { techniqueVersion: '1.3' }],
    ['changed_minor', {}, { techniqueVersion: '1.10', content: 'other words', mitreModified: LATER }],
    ['changed_major', {}, { techniqueVersion: '2.0' }],
    ['deprecated', {}, { deprecated: true, techniqueVersion: '2.0' }],
    ['revoked', {}, { revoked: true, deprecated: true, techniqueVersion: '2.0' }],
    ['unchanged', { revoked: true }, { revoked: true }],
    ['restamped', { deprecated: true }, { deprecated: true, mitreModified: LATER }],
  ])('%s: %j becomes %j', (expected, before, after) => {
    expect(outcome(before, after)).toEqual([expected]);
  });

  test('changes mitreLastModified only with the content, and the raw timestamp always', () => {
    const before = stored(aSliceTechnique(1001), aSliceTechnique(1002));
    const { rows } = planImport(
      before,
      aSlice([
        aSliceTechnique(1001, { mitreModified: LATER, techniqueVersion: '1.3' }),
        aSliceTechnique(1002, { mitreModified: LATER, content: 'other words' }),
      ]),
    );
    expect(rows.map(({ mitreLastModified }) => mitreLastModified.toISOString())).toEqual([
      '2025-04-15T19:58:42.824Z',
      LATER,
    ]);
    expect(rows.map(({ mitreModifiedRaw }) => mitreModifiedRaw.toISOString())).toEqual([LATER, LATER]);
  });

  test('lists techniques that are missing from the release, only of its domain', () => {
    const before = [
      ...stored(aSliceTechnique(1001), aSliceTechnique(1002)),
      ...planImport([], aSlice([aSliceTechnique(800)], { domain: 'ics-attack' })).rows,
    ];
    expect(planImport(before, aSlice([aSliceTechnique(1001)])).missing).toEqual(['T1002']);
  });

  test('keeps the first domain of a technique', () => {
    const before = planImport([], aSlice([aSliceTechnique(800)], { domain: 'ics-attack' })).rows;
    const plan = planImport(before, aSlice([aSliceTechnique(800), aSliceTechnique(1001)]));
    expect(plan.outcomes.added).toEqual(['T1001']);
    expect(plan.rows.map(({ attackId }) => attackId)).toEqual(['T1001']);
    expect(plan.skipped).toEqual([
      {
        reason: 'attack-pattern: the catalogue has it from ics-attack',
        count: 1,
        examples: [`attack-pattern--${uuid(800)}`],
      },
    ]);
  });

  test('refuses to give the ATT&CK id of a technique that stays in force to another one, and names both', () => {
    const before = stored(aSliceTechnique(1001), aSliceTechnique(1003));
    const other = aSliceTechnique(1002, { attackId: 'T1001' });
    expect(() => planImport(before, aSlice([other, aSliceTechnique(1003)]))).toThrow(
      `the bundle has T1001 as attack-pattern--${uuid(1002)} (Technique 1002), but the catalogue has it as ` +
        `attack-pattern--${uuid(1001)} (Technique 1001), which is in force and not in the bundle`,
    );
  });

  test('gives an ATT&CK id to another technique if the earlier one is no longer in force, or is of another domain', () => {
    const other = aSliceTechnique(1002, { attackId: 'T1001' });
    const revoked = aSliceTechnique(1001, { revoked: true });
    expect(planImport(stored(aSliceTechnique(1001)), aSlice([revoked, other])).outcomes).toMatchObject({
      added: ['T1001'],
      revoked: ['T1001'],
    });
    expect(planImport(stored(revoked), aSlice([other])).outcomes.added).toEqual(['T1001']);
    expect(planImport(stored(aSliceTechnique(1001)), aSlice([{ ...other, deprecated: true }])).outcomes.added).toEqual([
      'T1001',
    ]);
    const ics = planImport([], aSlice([aSliceTechnique(1001)], { domain: 'ics-attack' })).rows;
    expect(planImport(ics, aSlice([other])).outcomes.added).toEqual(['T1001']);
  });

  test('leaves out text that PostgreSQL cannot store', () => {
    const plan = planImport(
      [],
      aSlice(
        [
          aSliceTechnique(1001, { name: 'a\0b' }),
          aSliceTechnique(1002, { platforms: ['\ud800'] }),
          aSliceTechnique(1003, { name: '😀' }),
        ],
        {
          tactics: [aSliceTactic(1), aSliceTactic(2, { name: '\0' })],
          skipped: [{ reason: 'attack-pattern: name is missing', count: 1, examples: ['x\0y'] }],
        },
      ),
    );
    expect(plan.outcomes.added).toEqual(['T1003']);
    expect(plan.tactics).toHaveLength(1);
    expect(plan.skipped.map(({ reason, count }) => [reason, count])).toEqual([
      ['attack-pattern: name is missing', 1],
      ['attack-pattern: holds a character that cannot be stored', 2],
      ['x-mitre-tactic: holds a character that cannot be stored', 1],
    ]);
    expect(plan.skipped[0]!.examples).toEqual(['x\uFFFDy']);
  });

  describe('the parent of a sub-technique', () => {
    const sub = (facts: Facts = {}) => aSliceTechnique(2001, { attackId: 'T1001.001', ...facts });
    const parentIn = (before: CatalogueTechnique[], ...techniques: ReturnType<typeof aSliceTechnique>[]) =>
      planImport(before, aSlice(techniques)).rows.find(({ attackId }) => attackId === 'T1001.001')?.parentId;

    test('is the one that the release names', () => {
      expect(parentIn([], aSliceTechnique(1001), sub({ parentId: uuid(1001) }))).toBe(uuid(1001));
    });
    test('comes from the catalogue if the release lacks it', () => {
      expect(parentIn(stored(aSliceTechnique(1001)), sub())).toBe(uuid(1001));
    });
    test('is the one in force if two techniques in the catalogue have its ATT&CK id', () => {
      const revoked = aSliceTechnique(3001, { attackId: 'T1001', revoked: true });
      expect(parentIn(stored(aSliceTechnique(1001), revoked), sub())).toBe(uuid(1001));
      expect(parentIn(stored(revoked, aSliceTechnique(1001)), sub())).toBe(uuid(1001));
    });
    test('stays if the release does not name it', () => {
      const before = stored(aSliceTechnique(1001), sub({ parentId: uuid(1001) }));
      const { outcomes } = planImport(before, aSlice([sub({ parentAttackId: null })]));
      expect(outcomes.unchanged).toEqual(['T1001.001']);
    });
    test('is null if neither the release nor the catalogue has it', () => {
      expect(parentIn([], sub())).toBeNull();
      expect(parentIn([], sub({ parentId: uuid(99) }))).toBeNull();
    });
  });

  const anything = fc.uniqueArray(
    fc.record({
      number: fc.integer({ min: 1000, max: 1015 }),
      content: fc.constantFrom('a', 'b'),
      techniqueVersion: fc.constantFrom('1.0', '1.1', '2.0', null),
      mitreModified: fc.constantFrom('2024-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z'),
      revoked: fc.boolean(),
      deprecated: fc.boolean(),
    }),
    { selector: ({ number }) => number },
  );
  const sliceOf = (facts: (NonNullable<Facts> & { number: number })[]) =>
    aSlice(facts.map(({ number, ...others }) => aSliceTechnique(number, others)));

  test('gives every technique one outcome, and plans no change after its own plan is written', () => {
    fc.assert(
      fc.property(anything, anything, (first, second) => {
        const before = planImport([], sliceOf(first)).rows;
        const plan = planImport(before, sliceOf(second));
        expect(IMPORT_OUTCOMES.reduce((sum, name) => sum + plan.outcomes[name].length, 0)).toBe(second.length);
        expect(plan.rows.length + plan.unchangedIds.length).toBe(second.length);
        const after = new Map([...before, ...plan.rows].map((row) => [row.id, row]));
        const again = planImport([...after.values()], sliceOf(second));
        expect(again.rows).toEqual([]);
        expect(again.unchangedIds).toHaveLength(second.length);
      }),
    );
  });
});
