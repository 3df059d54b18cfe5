import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { layerFaults } from '../../test/support/navigator-layer-schema.js';
import { parseCsvRecords } from '../imports/formats/csv.format.js';
import { parseJsonRecords } from '../imports/formats/json.format.js';
import { parseNavigatorLayer } from '../imports/formats/navigator.format.js';
import { TECHNIQUE_STATUSES } from '../posture/words/index.js';
import { toChangesCsv, toPostureCsv, toPostureJson } from './export-tables.js';
import type { ExportedChange, ExportedTechnique, PastImage } from './exported-posture.js';
import { toChangeLayer, toPostureLayer, type LayerHead } from './navigator-layer.js';

const NOW = new Date('2026-03-10T12:00:00Z');

const HEAD: LayerHead = {
  name: 'Posture',
  description: 'What we know',
  domain: 'enterprise-attack',
  attackVersion: '18.1',
  metadata: [{ name: 'exported at', value: NOW.toISOString() }],
};

const aTechnique = (attackId: string, facts: Partial<ExportedTechnique> = {}): ExportedTechnique => ({
  attackId,
  name: `Technique ${attackId}`,
  domain: 'enterprise-attack',
  tactics: ['execution', 'persistence'],
  statusGlobal: 'not_evaluated',
  lastReviewDate: null,
  riskScore: null,
  ownerEmail: null,
  tags: [],
  ...facts,
});

const anImage = (facts: Partial<PastImage> = {}): PastImage => ({
  statusGlobal: 'not_evaluated',
  lastReviewDate: null,
  riskScore: null,
  ownerEmail: null,
  inForce: true,
  ...facts,
});

const aChange = (attackId: string, before: PastImage | null, after: PastImage | null): ExportedChange => {
  const { name, domain, tactics } = aTechnique(attackId);
  return {
    attackId,
    name,
    domain,
    tactics,
    before,
    after,
    cause: before && after ? 'posture' : 'catalogue',
  };
};

const anyText = fc.string({ unit: 'binary', maxLength: 20 });
const anyTechnique = fc
  .record({
    attackId: fc.integer({ min: 1000, max: 9999 }).map((number) => `T${number}`),
    name: anyText,
    statusGlobal: fc.constantFrom(...TECHNIQUE_STATUSES),
    lastReviewDate: fc.option(fc.date({ min: new Date('1971-01-01'), max: NOW, noInvalidDate: true })),
    riskScore: fc.option(fc.integer({ min: 0, max: 200 }).map((half) => half / 2)),
    tags: fc.subarray(['-x', '=cmd', 'crown jewels', 'o\'reilly "x"', 'pci']),
    ownerEmail: fc.option(fc.constantFrom('a@b.c', '=cmd@evil.example', '+1@b.c', '-x@b.c', '"quoted,"@b.c')),
  })
  .map(({ attackId, ...facts }) => aTechnique(attackId, facts));
const anyTechniques = fc.uniqueArray(anyTechnique, {
  selector: ({ attackId }) => attackId,
  minLength: 1,
  maxLength: 20,
});

describe('a layer of the posture', () => {
  it('scores each status by what it counts towards coverage, and disables techniques that are not applicable', () => {
    const layer = toPostureLayer(
      HEAD,
      TECHNIQUE_STATUSES.map((statusGlobal, index) => aTechnique(`T100${index}`, { statusGlobal })),
    );
    expect(layerFaults(layer)).toEqual([]);
    expect(layer).toMatchObject({
      versions: { attack: '18', layer: '4.5' },
      filters: {},
    });
    expect(layer.techniques.map(({ score, enabled, comment }) => [comment, score, enabled])).toEqual([
      ['not_evaluated', undefined, true],
      ['not_covered', 0, true],
      ['in_progress', 0, true],
      ['partial', 50, true],
      ['validated', 100, true],
      ['not_applicable', undefined, false],
    ]);
  });

  it('opens in Navigator, for any posture', () => {
    fc.assert(
      fc.property(anyTechniques, (techniques) => {
        expect(layerFaults(toPostureLayer(HEAD, techniques, true))).toEqual([]);
      }),
    );
  });

  it('can be imported again', () => {
    const layer = toPostureLayer(HEAD, [aTechnique('T1001', { statusGlobal: 'validated' }), aTechnique('T1002')]);
    expect(parseNavigatorLayer(JSON.stringify(layer)).observations).toMatchObject([
      { attackId: 'T1001', score: 100 },
      { attackId: 'T1002', score: null },
    ]);
  });
});

describe('a layer of changes', () => {
  it('scores gain and loss of coverage, and marks changes by ATT&CK', () => {
    const layer = toChangeLayer(HEAD, [
      aChange(
        'T1001',
        anImage({ statusGlobal: 'partial' }),
        anImage({ statusGlobal: 'validated', lastReviewDate: NOW }),
      ),
      aChange('T1002', anImage({ statusGlobal: 'validated' }), anImage({ statusGlobal: 'not_covered' })),
      aChange('T1003', anImage({ riskScore: 5, ownerEmail: 'a@b.c' }), anImage({ riskScore: 62.5 })),
      aChange('T1004', null, anImage()),
      { ...aChange('T1005', null, anImage({ statusGlobal: 'partial' })), cause: 'not_known' },
    ]);
    expect(layerFaults(layer)).toEqual([]);
    expect(layer.techniques.map(({ techniqueID, score, comment }) => [techniqueID, score, comment])).toEqual([
      ['T1001', 50, 'partial -> validated, review none -> 2026-03-10'],
      ['T1002', -100, 'validated -> not_covered'],
      ['T1003', 0, 'risk 5 -> 62.5, another owner'],
      ['T1004', 0, 'came into force: not_evaluated'],
      ['T1005', undefined, 'partial; the earlier status is not known'],
    ]);
    expect(new Set(layer.techniques.map(({ color }) => color)).size).toBe(4);
  });
});

describe('tables', () => {
  it('hold no cell that a spreadsheet would run as a formula', () => {
    fc.assert(
      fc.property(anyTechniques, (techniques) => {
        // A cell that begins like a formula would follow a delimiter or a quote.
        expect(toPostureCsv(techniques)).not.toMatch(/(^|,|\n)"?[=+@\t]/);
      }),
    );
    const change = aChange('T1001', anImage({ ownerEmail: '=1+1@b.c' }), anImage({ ownerEmail: '@sum@b.c' }));
    expect(toChangesCsv([change])).toContain(`,'=1+1@b.c,`);
    expect(toChangesCsv([aChange('T1002', anImage({ statusGlobal: 'partial' }), anImage())])).toContain(
      ',posture,-50,',
    );
  });

  it('can be imported again without a change, for any posture', async () => {
    await fc.assert(
      fc.asyncProperty(anyTechniques, async (techniques) => {
        const expected = techniques.map(({ attackId, statusGlobal, lastReviewDate, riskScore, ownerEmail, tags }) => ({
          attackId,
          statusGlobal,
          lastReviewDate,
          riskScore,
          ownerEmail,
          tags,
        }));
        const json = parseJsonRecords(toPostureJson(techniques), 'posture', NOW);
        expect(json.problems.listed).toEqual([]);
        expect(json.observations.map(({ given }) => ({ ...given }))).toEqual(expected);
        async function* text(): AsyncGenerator<string> {
          yield toPostureCsv(techniques);
        }
        const csv = await parseCsvRecords(text(), 'posture', NOW);
        expect(csv.problems.listed).toEqual([]);
        const filled = { lastReviewDate: null, riskScore: null, ownerEmail: null, tags: [] };
        const known = csv.observations.map(({ given }) =>
          Object.fromEntries(Object.entries(given!).filter(([, value]) => value !== undefined)),
        );
        expect(known.map((given) => ({ ...filled, ...given }))).toEqual(expected);
      }),
    );
  });
});
