import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isStorable } from '../../common/storable-text.js';
import { POSTURE_FILE_FORMAT_NAMES, POSTURE_FILE_FORMATS, type PostureFileFormatName } from '../formats/index.js';
import { PostureFileError } from '../observations/posture-file.error.js';
import { formatsOf, presetFor, PRESETS } from '../presets/index.js';
import { resolveOptions, type OptionTexts, type PresetOption } from '../presets/preset-options.js';
import type { ReadPostureFile } from './posture-file-messages.js';
import { readPostureFile } from './read-posture-file.js';

const NOW = new Date('2026-03-10T12:00:00Z');

interface Reading {
  preset?: string;
  options?: OptionTexts;
}

/** Cuts bytes into small pieces, so that characters and lines are cut. Long files get larger pieces. */
async function* inPieces(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  const size = Math.max(7, Math.ceil(bytes.length / 10_000));
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(
  format: PostureFileFormatName,
  content: string | Uint8Array,
  { preset: name, options = {} }: Reading = {},
): Promise<ReadPostureFile> {
  const preset = presetFor(format, name ?? (format === 'navigator' ? 'rule_count' : undefined));
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  return readPostureFile(inPieces(bytes), {
    format,
    preset: preset.name,
    options: resolveOptions(preset.name, preset.options, options),
    now: NOW,
  });
}

async function fault(format: PostureFileFormatName, content: string | Uint8Array, reading?: Reading): Promise<string> {
  return read(format, content, reading).then(
    () => 'accepted',
    (error: PostureFileError) => `${error.fault}: ${error.message}`,
  );
}

/** The proposals, one line each. */
async function proposed(format: PostureFileFormatName, content: string, reading?: Reading): Promise<string[]> {
  const { proposals } = await read(format, content, reading);
  return proposals.map(({ attackId, statusGlobal, lastReviewDate }) =>
    [attackId, statusGlobal, lastReviewDate?.toISOString().slice(0, 10)].filter(Boolean).join(' '),
  );
}

async function problems(format: PostureFileFormatName, content: string, reading?: Reading): Promise<string[]> {
  const read_ = await read(format, content, reading);
  expect(read_.problems.count).toBe(read_.problems.listed.length);
  return read_.problems.listed.map(({ at, message }) => `${at} ${message}`);
}

const aLayer = (techniques: unknown[], facts: object = {}): string =>
  JSON.stringify({
    name: 'Our rules',
    versions: { attack: '18', navigator: '5.2.0', layer: '4.5' },
    domain: 'enterprise-attack',
    techniques,
    ...facts,
  });

const anAdministration = (
  techniques: string,
  head = 'file_type: technique-administration\ndomain: enterprise-attack',
): string => `version: 1.2\n${head}\nname: our detections\ntechniques:\n${techniques}`;

const aDetection = (id: string, ...log: [date: string, score: string][]): string =>
  `- technique_id: ${id}\n  detection:\n    applicable_to: [all]\n    score_logbook:\n${log.map(([date, score]) => `    - date: ${date}\n      score: ${score}\n`).join('')}`;

describe('a Navigator layer', () => {
  it('takes the highest score under any tactic, and proposes nothing without a score', async () => {
    const layer = aLayer([
      { techniqueID: 'T1078', tactic: 'persistence', score: 0 },
      { techniqueID: 't1078', tactic: 'initial-access', score: 3 },
      { techniqueID: 'T1059', score: 0 },
      { techniqueID: 'T1059.001', score: 219 },
      { techniqueID: 'T1003', comment: 'looked at' },
      { techniqueID: 'T1005', score: null },
    ]);
    expect(await proposed('navigator', layer)).toEqual(['T1078 partial', 'T1059 not_covered', 'T1059.001 partial']);
    expect(await read('navigator', layer)).toMatchObject({
      entryCount: 6,
      silent: 2,
      name: 'Our rules',
      attackVersion: '18',
      proposals: [{ because: 'score 3, the highest of 2', domain: 'enterprise-attack' }, {}, { because: 'score 219' }],
    });
  });

  it('never makes a technique validated by a rule count, with any options', async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ noNaN: true, min: -1e9, max: 1e9 }), fc.nat(1000), async (score, min) => {
        const lines = await proposed('navigator', aLayer([{ techniqueID: 'T1059', score }]), {
          options: { partial_min: String(min) },
        });
        expect(lines).toEqual([score >= min ? 'T1059 partial' : 'T1059 not_covered']);
      }),
    );
  });

  it('may give its release and its name as numbers', async () => {
    const techniques = [{ techniqueID: 'T1001', score: 1 }];
    const versions = { attack: 18, layer: 4.5 };
    expect(await read('navigator', aLayer(techniques, { name: 2026, versions }))).toMatchObject({
      attackVersion: '18',
      name: '2026',
    });
    expect(await read('navigator', aLayer(techniques, { versions: { attack: 17.1 } }))).toMatchObject({
      attackVersion: '17.1',
    });
    expect(await read('navigator', aLayer(techniques, { versions: { attack: [18] } }))).toMatchObject({
      attackVersion: null,
    });
    const file = anAdministration(aDetection('T1001', ['', '1'])).replace('our detections', '2026');
    expect((await read('dettect', file)).name).toBe('2026');
  });

  it('leaves a disabled technique as it is, unless the option makes it not applicable', async () => {
    const layer = aLayer([
      { techniqueID: 'T1001', enabled: false, score: 5 },
      { techniqueID: 'T1002', enabled: false, tactic: 'persistence' },
      { techniqueID: 'T1002', enabled: true, tactic: 'execution', score: 1 },
    ]);
    expect(await proposed('navigator', layer)).toEqual(['T1002 partial']);
    expect(await proposed('navigator', layer, { options: { disabled: 'not_applicable' } })).toEqual([
      'T1001 not_applicable',
      'T1002 partial',
    ]);
  });

  it('is not applicable for a technique only if every entry of it can be read and is disabled', async () => {
    const layer = aLayer([
      { techniqueID: 'T1001', enabled: false },
      { techniqueID: 'T1001', enabled: 'True', score: 3 },
      { techniqueID: 'T1002', enabled: false },
      { techniqueID: 'T1003', score: 2 },
      { techniqueID: 'T1003', score: '9' },
    ]);
    const options = { disabled: 'not_applicable' };
    expect(await proposed('navigator', layer, { options })).toEqual(['T1002 not_applicable', 'T1003 partial']);
    const { proposals } = await read('navigator', layer, { options });
    expect(proposals[1]!.because).toBe('score 2; 1 entry could not be read');
    const percent = aLayer([
      { techniqueID: 'T1001', enabled: false },
      { techniqueID: 'T1001', score: 101 },
    ]);
    expect(await proposed('navigator', percent, { preset: 'score_0_100', options })).toEqual([]);
  });

  it('makes a score of 80 validated only when confirmed, as of the day of the tests', async () => {
    const layer = aLayer([80, 79, 1, 0, 101, -1].map((score, index) => ({ techniqueID: `T100${index}`, score })));
    const preset = 'score_0_100';
    expect(await proposed('navigator', layer, { preset })).toEqual([
      'T1000 partial',
      'T1001 partial',
      'T1002 partial',
      'T1003 not_covered',
    ]);
    const options = { confirmed: 'true', evidence_date: '2026-02-01' };
    expect((await proposed('navigator', layer, { preset, options }))[0]).toBe('T1000 validated 2026-02-01');
    expect(await problems('navigator', layer, { preset })).toEqual([
      'techniques[4].score must be from 0 to 100, not 101: is it a rule_count?',
      'techniques[5].score must be from 0 to 100, not -1: is it a rule_count?',
    ]);
  });

  it('hints at a gradient that is not from 0 to 100, and scales scores by it if asked to', async () => {
    const gradient = { colors: ['#ffffff', '#00ff00'], minValue: 0, maxValue: 1 };
    const scores = [0.9, 1, 0.29, 0];
    const layer = aLayer(
      scores.map((score, index) => ({ techniqueID: `T100${index}`, score })),
      { gradient },
    );
    const preset = 'score_0_100';
    const plain = await read('navigator', layer, { preset });
    expect(plain.proposals[0]!.statusGlobal).toBe('not_covered');
    expect(plain.hints).toEqual([
      'The gradient of the layer is from 0 to 1, so its scores may not be from 0 to 100. The option scale_by_gradient=true scales them.',
    ]);
    const scaling = { confirmed: 'true', evidence_date: '2026-02-01', scale_by_gradient: 'true', partial_min: '29' };
    const scaled = await read('navigator', layer, { preset, options: scaling });
    expect(scaled.hints).toEqual([]);
    expect(scaled.proposals.map(({ statusGlobal, because }) => [statusGlobal, because])).toEqual([
      ['validated', 'scaled score 90'],
      ['validated', 'scaled score 100'],
      ['partial', 'scaled score 29'],
      ['not_covered', 'scaled score 0'],
    ]);
    expect((await read('navigator', layer)).hints).toEqual([expect.stringContaining('not whole numbers')]);
  });

  it('gives no hint for a gradient from 0 to 100, for scores outside the gradient, and for whole rule counts', async () => {
    const of = (score: number, maxValue: number): string =>
      aLayer([{ techniqueID: 'T1001', score }], { gradient: { minValue: 0, maxValue } });
    for (const layer of [of(1, 100), of(5, 1), aLayer([{ techniqueID: 'T1001', score: 0.5 }])]) {
      expect((await read('navigator', layer, { preset: 'score_0_100' })).hints).toEqual([]);
    }
    expect((await read('navigator', of(1, 1))).hints).toEqual([]);
  });

  it('leaves out scores that no gradient can scale', async () => {
    const options = { scale_by_gradient: 'true' };
    const faultOf = (score: number, gradient: unknown): Promise<string[]> =>
      problems('navigator', aLayer([{ techniqueID: 'T1001', score }], { gradient }), {
        preset: 'score_0_100',
        options,
      });
    expect(await faultOf(1.5, { minValue: 0, maxValue: 1 })).toEqual([
      'techniques[0].score must be from 0 to 1, as in the gradient of the layer, not 1.5',
    ]);
    for (const gradient of [undefined, 7, {}, { minValue: 1, maxValue: 1 }, { minValue: '0', maxValue: '1' }]) {
      expect(await faultOf(1, gradient)).toEqual([
        'techniques[0].score cannot be scaled: the layer has no gradient with a minValue below its maxValue',
      ]);
    }
  });

  it('shows scores as they are, never rounded to another status', async () => {
    const scores = [79.999, 0.9999, 80.0001, 100.001];
    const layer = aLayer(scores.map((score, index) => ({ techniqueID: `T100${index}`, score })));
    const preset = 'score_0_100';
    const { proposals, problems: log } = await read('navigator', layer, { preset });
    expect(proposals.map(({ because }) => because)).toEqual(['score 79.999', 'score 0.9999', 'score 80.0001']);
    expect(log.listed.map(({ message }) => message)).toEqual([
      'must be from 0 to 100, not 100.001: is it a rule_count?',
    ]);
  });

  it('may have format 3.0, an old domain name, or be one of a list', async () => {
    const old = {
      name: 'Bear',
      version: '3.0',
      domain: 'mitre-enterprise',
      techniques: [{ techniqueID: 'T1001', score: 1 }],
    };
    const mobile = { name: 'Phones', domain: 'mobile-attack', techniques: [{ techniqueID: 'T1001', score: 0 }] };
    const strange = { name: 'Elsewhere', domain: 'moon-attack', techniques: [{ techniqueID: 'T1001', score: 0 }] };
    const list = await read('navigator', JSON.stringify([old, mobile, strange]));
    expect(list.proposals).toMatchObject([
      { domain: 'enterprise-attack', statusGlobal: 'partial', at: '[0].techniques[0]' },
      { domain: 'mobile-attack', statusGlobal: 'not_covered', at: '[1].techniques[0]' },
    ]);
    expect(list.problems.listed).toEqual([
      {
        at: '[2]',
        message:
          'the layer is of the domain moon-attack, which is none of enterprise-attack, mobile-attack, ics-attack',
      },
    ]);
  });

  it('leaves out invalid entries and names them', async () => {
    const layer = aLayer([
      { techniqueID: 'TA0001', score: 1 },
      { techniqueID: 'T1001', score: '5' },
      { techniqueID: 'T1001', enabled: 'True' },
      { score: 1 },
      7,
      { techniqueID: 'T1002', score: 1 },
      { techniqueID: 'T1003', score: '3', enabled: 'True' },
    ]);
    expect(await proposed('navigator', layer)).toEqual(['T1002 partial']);
    expect(await problems('navigator', layer)).toEqual([
      'techniques[0].techniqueID must be an ATT&CK id such as T1059 or T1059.001, not "TA0001"',
      'techniques[1].score must be a number, not "5"',
      'techniques[2].enabled must be true or false, not "True"',
      'techniques[3].techniqueID must be an ATT&CK id such as T1059 or T1059.001, not nothing',
      'techniques[4] must be an object',
      'techniques[6].score must be a number, not "3"',
      'techniques[6].enabled must be true or false, not "True"',
    ]);
  });

  it.each<[string, string, RegExp]>([
    ['a STIX bundle', '{"type": "bundle", "objects": []}', /^wrong_format: .*its type is bundle/],
    ['YAML', 'version: 1.2', /^not_json: .*line 1, column 1/],
    ['a text that is cut off', aLayer([{ techniqueID: 'T1001' }]).slice(0, -5), /^truncated/],
    ['an empty list', '[]', /^nothing_found/],
    ['a layer without techniques', aLayer([]), /^nothing_found/],
    ['format 2.2', aLayer([], { versions: { layer: '2.2' } }), /^unknown_version: .*2\.2: 3\.0 to 4\.5/],
    ['format 5.0', aLayer([], { versions: { layer: '5.0' } }), /^unknown_version/],
    ['an unknown domain', aLayer([{ techniqueID: 'T1001' }], { domain: 'moon' }), /^unknown_domain: .*moon/],
    ['techniques that are no list', aLayer([], { techniques: {} }), /^wrong_format: techniques/],
    ['deep nesting', '['.repeat(100_000) + ']'.repeat(100_000), /^too_deep: .*64 levels/],
    ['a small text of very many values', `[${'0,'.repeat(8_000_000)}0]`, /^too_many: .*8000000 values/],
    [
      'deep nesting in a field',
      aLayer([{ techniqueID: 'T1001', metadata: JSON.parse('['.repeat(70) + ']'.repeat(70)) }]),
      /^too_deep/,
    ],
  ])('is not %s', async (_name, content, message) => {
    expect(await fault('navigator', content)).toMatch(message);
  });

  it('may contain brackets and quotes in its texts', async () => {
    const layer = aLayer([{ techniqueID: 'T1001', score: 1, comment: `${'['.repeat(500)}\\"${'{'.repeat(500)}\\` }]);
    expect(await proposed('navigator', layer)).toEqual(['T1001 partial']);
  });
});

describe('a DeTT&CT administration', () => {
  it('takes the newest score, which validates if it has a date', async () => {
    const file = anAdministration(
      [
        aDetection('T1001', ['2021-06-01', '1'], ['2021-10-14', '3'], ['2021-07-01', '5']),
        aDetection('T1002', ['', '4']),
        aDetection('T1003', ['2021-06-01', '2']),
        aDetection('T1004', ['2021-06-01', '0'], ['', '5']),
        aDetection('T1005', ['', '-1']),
        aDetection('T1006', ['2021-06-01 10:30:00', '3']),
        '- technique_id: T1007\n  visibility: {applicable_to: [all], score_logbook: [{date: 2021-01-01, score: 4}]}\n',
      ].join(''),
    );
    expect(await proposed('dettect', file)).toEqual([
      'T1001 validated 2021-10-14',
      'T1002 partial',
      'T1003 partial',
      'T1004 not_covered',
      'T1005 not_covered',
      'T1006 validated 2021-06-01',
    ]);
    expect(await read('dettect', file)).toMatchObject({ entryCount: 7, silent: 1, name: 'our detections' });
  });

  it('takes the highest score of several detections, with its date', async () => {
    const log = (score: number, date: string): string =>
      `{applicable_to: [x], score_logbook: [{date: ${date}, score: ${score}}]}`;
    const file = anAdministration(
      `- technique_id: T1001\n  detection: [${log(2, '2022-01-01')}, ${log(4, '2021-03-01')}, ${log(4, '2021-05-01')}]\n`,
    );
    expect(await proposed('dettect', file)).toEqual(['T1001 validated 2021-05-01']);
    const options = { validated_min: '5' };
    expect(await proposed('dettect', file, { options })).toEqual(['T1001 partial']);
  });

  it('reads version 1.0, which has no log', async () => {
    const file = anAdministration(
      '- technique_id: T1001\n  detection: {date_registered: 2019-01-01, date_implemented: 2019-02-01, score: 3}\n',
      'file_type: technique-administration',
    );
    expect(await proposed('dettect', file)).toEqual(['T1001 validated 2019-02-01']);
  });

  it('leaves out invalid entries and names them', async () => {
    const file = anAdministration(
      aDetection('T1001', ['2021-06-01', '6']) +
        aDetection('T1002', ['yesterday', '3']) +
        aDetection('T1003', ['2030-01-01', '3']) +
        aDetection('DET1', ['', '1']) +
        aDetection('T1004', ['2021-06-01', '"3"']),
    );
    expect(await proposed('dettect', file)).toEqual([]);
    expect(await problems('dettect', file)).toEqual([
      'techniques[0].detection.score_logbook[0].score must be a whole number from -1 to 5, not 6',
      expect.stringMatching(
        /^techniques\[1\]\.detection\.score_logbook\[0\]\.date must be an ISO 8601 date.* not "yesterday"$/,
      ),
      'techniques[2].detection.score_logbook[0].date must not lie in the future',
      'techniques[3].technique_id must be an ATT&CK id such as T1059 or T1059.001, not "DET1"',
      'techniques[4].detection.score_logbook[0].score must be a whole number from -1 to 5, not "3"',
    ]);
  });

  const bomb = `a: &a [1,1,1,1,1,1,1,1,1,1]\n${'bcdefgh'
    .split('')
    .map((name, index) => `${name}: &${name} [${`*${'abcdefgh'[index]},`.repeat(10)}]\n`)
    .join('')}`;

  it.each<[string, string, RegExp]>([
    [
      'a data source administration',
      'file_type: data-source-administration\ndata_sources: []',
      /^wrong_format: .*its file_type is data-source-administration/,
    ],
    ['JSON of something else', '{"items": []}', /^wrong_format/],
    ['broken YAML', 'a: [1, 2\nb: }', /^not_yaml: .*line 2/],
    ['a text with a tab where none can be', 'a:\n\t- b', /^not_yaml/],
    ['an alias without an anchor', 'a: *nowhere', /^not_yaml/],
    ['aliases that expand without bound', bomb, /^alias_bomb/],
    ['deep flow nesting', '['.repeat(50_000), /^(too_deep|not_yaml)/],
    ['deep nesting that is well-formed', `${'['.repeat(100)}${']'.repeat(100)}`, /^too_deep/],
    ['deep nesting without brackets', '- '.repeat(50_000), /^too_deep/],
    ['a file without techniques', anAdministration('  []'), /^nothing_found/],
    [
      'an unknown domain',
      anAdministration('  []', 'file_type: technique-administration\ndomain: moon'),
      /^unknown_domain/,
    ],
    ['a small text of very many values', `[${'0,'.repeat(500_001)}0]`, /^too_many: .*500000 values/],
    ['too much text', `# ${'x'.repeat(8 * 1024 * 1024)}`, /^too_large: .*8 MiB/],
  ])('is not %s', async (_name, content, message) => {
    expect(await fault('dettect', content)).toMatch(message);
  });

  it('may use YAML aliases', async () => {
    const file = anAdministration(
      `- technique_id: T1001\n  detection: &one\n    applicable_to: [all]\n    score_logbook: [{date: 2021-01-01, score: 3}]\n- technique_id: T1002\n  detection: *one\n`,
    );
    expect(await proposed('dettect', file)).toEqual(['T1001 validated 2021-01-01', 'T1002 validated 2021-01-01']);
  });
});

describe('a CSV file', () => {
  const HEADER = 'attack_id,status_global,last_review_date,risk_score,owner_email\n';

  it.each([
    ['commas', ','],
    ['semicolons', ';'],
    ['tabs', '\t'],
  ])('may be delimited by %s, with any line ends', async (_name, delimiter) => {
    const text = `${HEADER}T1001,validated,2026-01-01,50,a@b.c\nT1002,partial,,,\n`;
    for (const [ends, bom] of [
      ['\n', ''],
      ['\r\n', '\ufeff'],
      ['\r', ''],
    ] as const) {
      const file = bom + text.replaceAll(',', delimiter).replaceAll('\n', ends);
      const { proposals, problems: log } = await read('csv', file);
      expect(log.listed).toEqual([]);
      expect(proposals).toMatchObject([
        { attackId: 'T1001', statusGlobal: 'validated', riskScore: 50, ownerEmail: 'a@b.c', at: 'line 2' },
        { attackId: 'T1002', statusGlobal: 'partial' },
      ]);
      expect(proposals[1]).not.toHaveProperty('riskScore', expect.anything());
    }
  });

  it('leaves a field as it is for an empty cell, and clears it for null', async () => {
    const { proposals } = await read('csv', `${HEADER}T1001,,null,,null\n`);
    expect(proposals).toEqual([
      expect.objectContaining({
        statusGlobal: undefined,
        lastReviewDate: null,
        riskScore: undefined,
        ownerEmail: null,
      }),
    ]);
  });

  it('reads quoted cells, blanks, and cells that our export has escaped', async () => {
    const file = `"Attack ID" , owner-email\n"T1001","'+me@example.org"\n\n  T1002  ,  "x@y.z"  \n`;
    expect((await read('csv', file)).proposals.map(({ attackId, ownerEmail }) => [attackId, ownerEmail])).toEqual([
      ['T1001', '+me@example.org'],
      ['T1002', 'x@y.z'],
    ]);
  });

  it.each([
    ['commas', 'sep=,', ','],
    ['semicolons', 'sep=;', ';'],
    ['tabs', 'SEP=\t', '\t'],
    ['a delimiter of its own, in quotes', '"sep=|"', '|'],
  ])('may begin with the line in which Excel names the delimiter: %s', async (_name, line, delimiter) => {
    const text = `attack_id,status_global,risk_score\nT1001,partial,5\nT1002,covered,\n`.replaceAll(',', delimiter);
    for (const ends of ['\n', '\r\n', '\r']) {
      for (const bom of ['', '\ufeff']) {
        const {
          proposals,
          problems: log,
          entryCount,
        } = await read('csv', bom + `${line}\n${text}`.replaceAll('\n', ends));
        expect(proposals).toMatchObject([{ attackId: 'T1001', riskScore: 5, at: 'line 3' }]);
        expect([entryCount, log.listed.map(({ at }) => at)]).toEqual([2, ['line 4.status_global']]);
      }
    }
    expect(await fault('json', `${line}\n${text}`)).toContain('choose the format csv');
    expect(await fault('csv', line)).toMatch(/^empty/);
  });

  it('may have columns without a name and lines without a value, as spreadsheets write them', async () => {
    const file =
      ',,,\nattack_id,,status_global,,\nT1001,,partial,,\n,,,,\n,\nT1002,,partial\nT1003,,partial,,,,\n ,"", ,,\n';
    expect(await read('csv', file)).toMatchObject({
      entryCount: 3,
      problems: { count: 0 },
      proposals: [{ attackId: 'T1001', statusGlobal: 'partial' }, { attackId: 'T1002' }, { attackId: 'T1003' }],
    });
    expect(await problems('csv', 'attack_id,,status_global\nT1001,note,partial\nT1002,,partial,late\n')).toEqual([
      'line 2 must have no value in column 2, which the header does not name',
      'line 3 must have 3 cells as the header has, not 4',
    ]);
    expect(await fault('csv', ',,\n,,\n')).toMatch(/^empty/);
    expect(await fault('csv', 'attack_id,status_global\n,\n')).toMatch(/^nothing_found/);
  });

  it('leaves out invalid lines and names them by their number', async () => {
    const file = `${HEADER}T1001,covered,,,\nT1,,,,\nT1002,,2026-13-01,,\nT1003,,,101,\nT1004,,,1e1,\nT1005,partial\nT1006,partial,,,\nT1006,partial,,,\nT1007,,2026-04-01,,\n`;
    expect(await proposed('csv', file)).toEqual(['T1006 partial']);
    const lines = await problems('csv', file);
    expect(lines.map((line) => line.split(' ', 3).join(' '))).toEqual([
      'line 2.status_global must',
      'line 3.attack_id must',
      'line 4.last_review_date must',
      'line 5.risk_score must',
      'line 6.risk_score must',
      'line 7 must',
      'line 10.last_review_date must',
      'line 9.attack_id is',
    ]);
  });

  it.each<[string, string, RegExp]>([
    ['nothing', '', /^empty/],
    ['blank lines', '\n\n', /^empty/],
    ['a header alone', HEADER, /^nothing_found/],
    ['JSON', '{"items": []}', /^wrong_format: .*looks like JSON/],
    ['without an id', 'technique,status\nT1001,partial\n', /^wrong_format/],
    ['with an unknown field', 'attack_id,colour\nT1001,red\n', /^wrong_format: .*names colour/],
    ['with a field twice', 'attack_id,risk_score,risk_score\nT1001,1,1\n', /^wrong_format: .*risk_score twice/],
    ['with a quote that is never closed', `attack_id\n"T1001\n${'x'.repeat(100)}`, /^broken_csv/],
    ['with a quote inside a cell', `attack_id\nT10"01\n`, /^broken_csv: .*line 2/],
    ['with a record without end', `attack_id\n${'x'.repeat(200_000)}`, /^broken_csv: .*longer/],
    [
      'with too many techniques',
      `attack_id\n${Array.from({ length: 10_001 }, (_, i) => `T${1000 + (i % 9000)}.${String(Math.floor(i / 9000)).padStart(3, '0')}`).join('\n')}`,
      /^too_many/,
    ],
  ])('is not a file %s', async (_name, content, message) => {
    expect(await fault('csv', content)).toMatch(message);
  });
});

describe('results of tests', () => {
  const results = (...lines: string[]): string => `attack_id,outcome,tested_at,test\n${lines.join('\n')}\n`;
  const judged = (...lines: string[]): Promise<string[]> =>
    proposed('csv', results(...lines), { preset: 'simulation' });

  it('validate a technique if every test was detected or prevented and none is expired', async () => {
    expect(
      await judged('T1001,detected,2026-02-01,a', 'T1001,prevented,2026-03-01,b', 'T1002,detected,2026-02-01,'),
    ).toEqual(['T1001 validated 2026-03-01', 'T1002 validated 2026-02-01']);
  });

  it('make a technique partial if a test was missed, only logged, expired or undated', async () => {
    expect(
      await judged(
        'T1001,detected,2026-02-01,a',
        'T1001,missed,2026-02-01,b',
        'T1002,logged,2026-02-01,',
        'T1003,detected,2025-01-01,',
        'T1004,detected,,',
        'T1005,missed,2026-02-01,',
      ),
    ).toEqual([
      'T1001 partial 2026-02-01',
      'T1002 partial 2026-02-01',
      'T1003 partial 2025-01-01',
      'T1004 partial',
      'T1005 not_covered 2026-02-01',
    ]);
  });

  it('count with the newest result of each test', async () => {
    expect(await judged('T1001,missed,2026-01-20,a', 'T1001,detected,2026-02-20,a')).toEqual([
      'T1001 validated 2026-02-20',
    ]);
    expect(await judged('T1001,detected,2026-02-20,a', 'T1001,missed,2026-02-21,a')).toEqual([
      'T1001 not_covered 2026-02-21',
    ]);
  });

  it('are tests of their own if they have no name', async () => {
    const unnamed = ['T1001,missed,2026-02-01,', 'T1001,missed,2026-02-02,', 'T1001,prevented,2026-02-03,'];
    const { proposals } = await read('csv', results(...unnamed), { preset: 'simulation' });
    expect(proposals).toMatchObject([
      { statusGlobal: 'partial', because: '1 of 3 tests detected or prevented, the newest of 2026-02-03' },
    ]);
    expect(await judged('T1001,missed,2026-02-01,a', 'T1001,detected,2026-02-02,')).toEqual([
      'T1001 partial 2026-02-02',
    ]);
    const items = [null, '', ' ', undefined].map((test) => ({ attack_id: 'T1001', outcome: 'missed', test }));
    const json = await read('json', JSON.stringify({ items }), { preset: 'simulation' });
    expect(json.proposals[0]!.because).toBe('0 of 4 tests detected or prevented');
  });

  it.each([
    ['a date of another form', 'T1001,missed,20.01.2026,b'],
    ['an unknown outcome', 't1001,caught,2026-01-20,b'],
    ['a cell too many', 'T1001,missed,2026-01-20,b,c'],
    ['a cell too few', 'T1001,missed,2026-01-20'],
  ])('do not validate a technique while one of its results cannot be read: %s', async (_name, refused) => {
    for (const lines of [
      [refused, 'T1001,detected,2026-02-20,a', 'T1002,detected,2026-02-20,a'],
      ['T1001,detected,2026-02-20,a', 'T1002,detected,2026-02-20,a', refused],
    ]) {
      const { proposals, problems: log } = await read('csv', results(...lines), { preset: 'simulation' });
      expect(log.count).toBe(1);
      expect(proposals).toMatchObject([
        {
          statusGlobal: 'partial',
          lastReviewDate: new Date('2026-02-20'),
          because: '1 of 1 test detected or prevented, the newest of 2026-02-20; 1 result could not be read',
        },
        { statusGlobal: 'validated', because: '1 of 1 test detected or prevented, the newest of 2026-02-20' },
      ]);
    }
  });

  it('may be JSON, and expire as an option says', async () => {
    const items = [{ attack_id: 'T1001', outcome: 'detected', tested_at: '2025-06-01', test: null }];
    const reading = { preset: 'simulation', options: { max_age_days: '365' } };
    expect(await proposed('json', JSON.stringify({ items }), reading)).toEqual(['T1001 validated 2025-06-01']);
  });

  it('are left out if they are invalid', async () => {
    const lines = await problems(
      'csv',
      results(
        'T1,detected,,',
        'T1001,seen,,',
        'T1001,missed,soon,',
        'T1001,missed,2027-01-01,',
        `T1001,missed,,${'x'.repeat(300)}`,
        'T1001,missed,,',
      ),
      { preset: 'simulation' },
    );
    expect(lines.map((line) => line.split(' ', 2).join(' '))).toEqual([
      'line 2.attack_id',
      'line 3.outcome',
      'line 4.tested_at',
      'line 5.tested_at',
      'line 6.test',
    ]);
  });
});

describe('our own JSON', () => {
  it('is the body of PUT /posture', async () => {
    const items = [
      { attack_id: 'T1001', status_global: 'validated', last_review_date: '2026-01-01', risk_score: 5 },
      { attack_id: 'T1001', status_global: 'partial' },
      { attack_id: 'T1002', colour: 'red' },
    ];
    expect(await proposed('json', JSON.stringify({ items }))).toEqual(['T1001 validated 2026-01-01']);
    expect(await problems('json', JSON.stringify({ items }))).toEqual([
      expect.stringContaining('items[2].colour is not known here'),
      'items[1].attack_id is T1001, as in items[0]: give each technique once',
    ]);
  });

  it.each<[string, string, RegExp]>([
    ['a layer', aLayer([]), /^wrong_format: .*list of items/],
    ['a list', '[]', /^wrong_format/],
    ['without items', '{"items": []}', /^nothing_found/],
  ])('is not %s', async (_name, content, message) => {
    expect(await fault('json', content)).toMatch(message);
  });
});

describe('text that PostgreSQL cannot store', () => {
  /** The texts of a value, at any depth, that PostgreSQL cannot store. */
  function unstorable(value: object): string[] {
    return Object.entries(value).flatMap(([key, child]: [string, unknown]) => [
      ...[key, child].filter((text): text is string => typeof text === 'string' && !isStorable(text)),
      ...(typeof child === 'object' && child !== null ? unstorable(child) : []),
    ]);
  }

  it.each(['\ud800', 'red\udfff', '\u0000'])('is a problem of the file in any field: %j', async (text) => {
    const item = { attack_id: 'T1001', status_global: 'partial' };
    const items = [
      { ...item, tags: ['red', text] },
      { ...item, owner_email: `${text}@x.y` },
      { [text]: 1, ...item },
    ];
    const posture = await read('json', JSON.stringify({ items }));
    expect(posture.proposals).toEqual([]);
    expect(posture.problems.listed.map(({ at }) => at)).toEqual([
      'items[0].tags',
      'items[1].owner_email',
      expect.stringMatching(/^items\[2\]\./),
    ]);
    const tests = [
      { attack_id: 'T1001', outcome: text },
      { attack_id: 'T1001', outcome: 'missed', tested_at: text },
    ];
    const results = await read('json', JSON.stringify({ items: tests }), { preset: 'simulation' });
    expect(results.problems.count).toBe(2);
    const techniques = [{ techniqueID: 'T1001', score: 1 }, { techniqueID: text }];
    const layer = await read('navigator', aLayer(techniques, { name: text, versions: { attack: text } }));
    const layers = await read('navigator', `[${aLayer(techniques)},${aLayer([], { domain: text })}]`);
    const detections = await read(
      'dettect',
      anAdministration(aDetection('T1001', ['', JSON.stringify(text)])).replace('our detections', JSON.stringify(text)),
    );
    for (const stored of [posture, results, layer, layers, detections]) expect(unstorable(stored)).toEqual([]);
  });

  it('is not made by cutting a long name in the middle of a character', async () => {
    const name = `${'x'.repeat(59)}😀`;
    const layer = await read('navigator', aLayer([{ techniqueID: 'T1001', score: 1 }], { name: `${name}...` }));
    expect(layer.name).toBe(`${'x'.repeat(59)} ...`);
  });
});

describe('the bytes of a file', () => {
  const text = 'attack_id,owner_email\nT1001,bjørn@example.org\n';

  it('may be UTF-8 or UTF-16 with a byte order mark', async () => {
    const little = Buffer.from(`\ufeff${text}`, 'utf16le');
    for (const bytes of [Buffer.from(text), Buffer.from(`\ufeff${text}`), little, Buffer.from(little).swap16()]) {
      expect((await read('csv', bytes)).proposals).toMatchObject([{ ownerEmail: 'bjørn@example.org' }]);
    }
    const layer = Buffer.from(`\ufeff${aLayer([{ techniqueID: 'T1001', score: 1 }])}`, 'utf16le');
    expect((await read('navigator', layer)).proposals).toHaveLength(1);
  });

  it.each<[string, Buffer, RegExp]>([
    ['Latin-1', Buffer.from(text, 'latin1'), /not valid UTF-8/],
    ['UTF-16 without a mark', Buffer.from(text, 'utf16le'), /UTF-16 without a byte order mark/],
    ['UTF-16 that is cut off', Buffer.from(`\ufeff${text}`, 'utf16le').subarray(0, -1), /not valid UTF-16LE/],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0, 0]), /gzip archive/],
    ['a spreadsheet', Buffer.from('PK\u0003\u0004rest'), /zip archive/],
    ['binary', Buffer.from('attack_id\nT1001\u0000\n'), /U\+0000/],
  ])('are not %s, in any format', async (_name, bytes, message) => {
    for (const format of POSTURE_FILE_FORMAT_NAMES) {
      expect(await fault(format, bytes)).toMatch(/^wrong_encoding: /);
      expect(await fault(format, bytes)).toMatch(message);
    }
  });
});

describe('a file in another format', () => {
  const samples: Record<PostureFileFormatName, string> = {
    navigator: aLayer([{ techniqueID: 'T1001', score: 1 }]),
    dettect: anAdministration(aDetection('T1001', ['2026-01-01', '3'])),
    csv: 'attack_id,status_global\nT1001,partial\n',
    json: JSON.stringify({ items: [{ attack_id: 'T1001', status_global: 'partial' }] }),
  };

  it.each(POSTURE_FILE_FORMATS.map(({ name, description }) => [name, description] as const))(
    'is refused with the name of its own format: %s',
    async (name, description) => {
      expect(await fault(name, samples[name])).toBe('accepted');
      for (const other of POSTURE_FILE_FORMAT_NAMES.filter((format) => format !== name)) {
        expect(await fault(other, samples[name])).toContain(`it looks like ${description}: choose the format ${name} `);
      }
    },
  );

  it('is refused without a guess if it looks like none', async () => {
    for (const format of POSTURE_FILE_FORMAT_NAMES) {
      expect(await fault(format, 'a,b\n1,2\n')).not.toMatch(/accepted|looks like/);
    }
  });
});

describe('formats and presets', () => {
  it('have names and commands of their own', () => {
    for (const names of [
      POSTURE_FILE_FORMAT_NAMES,
      POSTURE_FILE_FORMATS.map(({ command }) => command),
      PRESETS.map(({ name }) => name),
    ]) {
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it('fit each other: every format has a preset, and every preset a format', () => {
    for (const preset of PRESETS) expect(formatsOf(preset)).not.toEqual([]);
    for (const format of POSTURE_FILE_FORMAT_NAMES) {
      const fitting = PRESETS.filter((preset) => formatsOf(preset).includes(format));
      expect(fitting).not.toEqual([]);
      expect(fitting.filter(({ isDefault }) => isDefault).length).toBeLessThanOrEqual(1);
    }
  });

  it('give an option the same kind and choices in every preset that has it', () => {
    const kinds = new Map<string, unknown>();
    for (const { name, kind, choices } of PRESETS.flatMap(({ options }): readonly PresetOption[] => options)) {
      expect([name, kinds.get(name) ?? { kind, choices }]).toEqual([name, { kind, choices }]);
      kinds.set(name, { kind, choices });
    }
  });
});

describe('any file', () => {
  const presetsOf = PRESETS.flatMap((preset) => formatsOf(preset).map((format) => [format, preset.name] as const));

  async function expectTypedError(work: Promise<unknown>): Promise<void> {
    const error = await work.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error !== undefined) expect(error).toBeInstanceOf(PostureFileError);
  }

  it('is read, or refused with a fault, by every format and preset: random bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.constantFrom(...presetsOf), (bytes, [format, preset]) =>
        expectTypedError(read(format, bytes, { preset })),
      ),
      { numRuns: 500 },
    );
  });

  it('is read, or refused with a fault, by every format and preset: random content with the right words', async () => {
    const scalar = fc.oneof(
      fc.constantFrom(
        'T1001',
        'T1059.001',
        'detected',
        'validated',
        '2026-01-01',
        'technique-administration',
        'enterprise-attack',
        '4.5',
        '__proto__',
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
    );
    const keys = fc.constantFrom(
      ...[
        'name',
        'domain',
        'versions',
        'techniques',
        'techniqueID',
        'score',
        'enabled',
        'items',
        'attack_id',
        'outcome',
        'tested_at',
        'file_type',
      ],
      ...[
        'detection',
        'score_logbook',
        'date',
        'technique_id',
        'status_global',
        'last_review_date',
        'risk_score',
        'layer',
        '__proto__',
        'constructor',
      ],
    );
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        scalar,
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(keys, tie('tree'), { maxKeys: 6 }),
      ),
    }));
    await fc.assert(
      fc.asyncProperty(tree, fc.constantFrom(...presetsOf), (value, [format, preset]) =>
        expectTypedError(read(format, JSON.stringify(value) ?? '', { preset })),
      ),
      { numRuns: 1_500 },
    );
  });

  it('never makes a technique validated without a date', async () => {
    const entry = fc.record({
      techniqueID: fc.constantFrom('T1001', 'T1002'),
      score: fc.integer({ min: 0, max: 100 }),
      enabled: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { minLength: 1 }), fc.boolean(), async (techniques, confirmed) => {
        const options = confirmed ? { confirmed: 'true', evidence_date: '2026-01-01' } : {};
        const { proposals } = await read('navigator', aLayer(techniques), { preset: 'score_0_100', options });
        for (const { statusGlobal, lastReviewDate } of proposals) {
          if (statusGlobal === 'validated') expect([confirmed, lastReviewDate]).toEqual([true, new Date('2026-01-01')]);
        }
      }),
    );
  });
});
