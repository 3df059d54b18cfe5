import { describe, expect, it } from '@jest/globals';
import { aBundle, aCollection, aRelationship, aTactic, aTechnique, uuid } from '../../../test/support/a-stix-bundle.js';
import type { AttackDomain } from '../words/attack-domain.js';
import type { ParseStixOptions, SliceTechnique } from './catalogue-slice.js';
import { parseStixBundle } from './parse-stix-bundle.js';
import { StixBundleError } from './stix-bundle.error.js';

function techniqueOf(text: string, attackId: string): SliceTechnique {
  const technique = parseStixBundle(text).techniques.find((candidate) => candidate.attackId === attackId);
  if (!technique) throw new Error(`no ${attackId}`);
  return technique;
}

function attackIds(text: string, options?: ParseStixOptions): string[] {
  return parseStixBundle(text, options).techniques.map(({ attackId }) => attackId);
}

function refusal(text: string, options?: ParseStixOptions): { fault: string; message: string; code: string } {
  try {
    parseStixBundle(text, options);
  } catch (error) {
    if (error instanceof StixBundleError) return { fault: error.fault, message: error.message, code: error.code };
    throw error;
  }
  throw new Error('the bundle was accepted');
}

describe('a technique of a bundle', () => {
  it('has the fields that the catalogue stores', () => {
    const text = aBundle(
      aCollection('18.1'),
      aTactic(1, {
        x_mitre_shortname: 'execution',
        name: 'Execution',
        external_references: [{ source_name: 'mitre-attack', external_id: 'TA0002' }],
      }),
      aTechnique(1059, {
        name: 'Command and Scripting Interpreter',
        x_mitre_platforms: ['Windows', 'Linux', 'Windows'],
      }),
    );
    expect(parseStixBundle(text)).toEqual({
      domain: 'enterprise-attack',
      attackVersion: '18.1',
      stixVersion: '2.1',
      tactics: [
        { stixId: `x-mitre-tactic--${uuid(1)}`, attackId: 'TA0002', shortname: 'execution', name: 'Execution' },
      ],
      techniques: [
        {
          id: uuid(1059),
          stixId: `attack-pattern--${uuid(1059)}`,
          attackId: 'T1059',
          name: 'Command and Scripting Interpreter',
          domain: 'enterprise-attack',
          isSubtechnique: false,
          parentAttackId: null,
          parentId: null,
          tactics: ['execution'],
          platforms: ['Linux', 'Windows'],
          techniqueVersion: '1.2',
          mitreCreated: '2020-01-30T13:58:14.373Z',
          mitreModified: '2025-04-15T19:58:42.824Z',
          revoked: false,
          deprecated: false,
          revokedById: null,
          replacedById: null,
          contentHash: expect.stringMatching(/^[0-9a-f]{32}$/),
        },
      ],
      skipped: [],
    });
  });

  it('is the same from STIX 2.0, which does not contain the release', () => {
    const techniques = [aTechnique(1001), aTechnique(1002, { attackId: 'T1001.001', x_mitre_is_subtechnique: true })];
    const relationship = aRelationship('subtechnique-of', 1002, 1001);
    const newer = parseStixBundle(aBundle(aCollection('18.1'), ...techniques, relationship));
    const objects = [...techniques.map((technique) => ({ ...technique, spec_version: undefined })), relationship];
    const older = JSON.stringify({ type: 'bundle', id: 'bundle--1', spec_version: '2.0', objects });
    expect(parseStixBundle(older)).toEqual({ ...newer, stixVersion: '2.0', attackVersion: null });
    expect(parseStixBundle(older, { attackVersion: '18.1' }).attackVersion).toBe('18.1');
  });

  it.each(['mitre-attack', 'mitre-mobile-attack', 'mitre-ics-attack'])(
    'has its ATT&CK id from the source %s',
    (source) => {
      expect(attackIds(aBundle(aTechnique(1001, { source })))).toEqual(['T1001']);
    },
  );

  it('lists the tactics of its own domain, sorted and without duplicates', () => {
    const phase = (kill_chain_name: string, phase_name: string) => ({ kill_chain_name, phase_name });
    const kill_chain_phases = [
      phase('mitre-attack', 'persistence'),
      phase('mitre-attack', 'execution'),
      phase('mitre-attack', 'persistence'),
      phase('mitre-ics-attack', 'evasion'),
      phase('lockheed', 'delivery'),
      'persistence',
    ];
    expect(techniqueOf(aBundle(aTechnique(1001, { kill_chain_phases })), 'T1001').tactics).toEqual([
      'execution',
      'persistence',
    ]);
  });

  it('needs only its ids, its name and one timestamp, because revoked techniques have no more', () => {
    const bare = aTechnique(1001, {
      description: undefined,
      kill_chain_phases: undefined,
      x_mitre_platforms: undefined,
      x_mitre_version: undefined,
      created: undefined,
      revoked: true,
    });
    expect(techniqueOf(aBundle(bare, aTechnique(1002)), 'T1001')).toMatchObject({
      tactics: [],
      platforms: [],
      techniqueVersion: null,
      mitreCreated: '2025-04-15T19:58:42.824Z',
      revoked: true,
      deprecated: false,
    });
  });

  it('keeps its timestamp as published, and its creation in UTC', () => {
    const technique = aTechnique(1001, {
      created: '2020-01-01T01:00:00+01:00',
      modified: '2025-04-15T19:58:42.824561Z',
    });
    expect(techniqueOf(aBundle(technique), 'T1001')).toMatchObject({
      mitreCreated: '2020-01-01T00:00:00.000Z',
      mitreModified: '2025-04-15T19:58:42.824561Z',
    });
  });

  it('has its UUID in lower case as its id', () => {
    const id = 'attack-pattern--ABCDEF00-0000-4000-8000-000000000001';
    expect(techniqueOf(aBundle(aTechnique(1001, { id })), 'T1001').id).toBe('abcdef00-0000-4000-8000-000000000001');
  });
});

describe('a sub-technique', () => {
  const sub = aTechnique(2001, { attackId: 'T1001.001', x_mitre_is_subtechnique: true });

  it('takes its parent from subtechnique-of', () => {
    const text = aBundle(aTechnique(1001), aTechnique(1002), sub, aRelationship('subtechnique-of', 2001, 1002));
    expect(techniqueOf(text, 'T1001.001')).toMatchObject({
      isSubtechnique: true,
      parentAttackId: 'T1002',
      parentId: uuid(1002),
    });
  });

  it('otherwise finds its parent by its own ATT&CK id, and prefers one in force to a revoked one', () => {
    const revoked = aTechnique(900, { attackId: 'T1001', revoked: true });
    expect(techniqueOf(aBundle(revoked, aTechnique(1001), sub), 'T1001.001')).toMatchObject({
      parentAttackId: 'T1001',
      parentId: uuid(1001),
    });
    expect(techniqueOf(aBundle(sub), 'T1001.001')).toMatchObject({ parentAttackId: 'T1001', parentId: null });
  });

  it('ignores withdrawn relationships, and relationships to itself or to a missing object', () => {
    const text = aBundle(
      aTechnique(1001),
      aTechnique(1002),
      sub,
      aRelationship('subtechnique-of', 2001, 1002, { revoked: true }),
      aRelationship('subtechnique-of', 2001, 1002, { x_mitre_deprecated: true }),
      aRelationship('subtechnique-of', 2001, 2001),
      aRelationship('subtechnique-of', 2001, 9999, { modified: '2026-01-01T00:00:00Z' }),
    );
    expect(techniqueOf(text, 'T1001.001').parentId).toBe(uuid(1001));
  });
});

describe('a revoked technique', () => {
  const revoked = (number: number) => aTechnique(number, { revoked: true });

  it('is replaced by the technique in force after any number of steps', () => {
    const text = aBundle(
      revoked(1001),
      revoked(1002),
      aTechnique(1003),
      aRelationship('revoked-by', 1001, 1002),
      aRelationship('revoked-by', 1002, 1003),
    );
    expect(techniqueOf(text, 'T1001')).toMatchObject({ revokedById: uuid(1002), replacedById: uuid(1003) });
    expect(techniqueOf(text, 'T1002')).toMatchObject({ revokedById: uuid(1003), replacedById: uuid(1003) });
  });

  it('has no replacement if the steps form a circle', () => {
    const text = aBundle(
      revoked(1001),
      revoked(1002),
      aTechnique(1003),
      aRelationship('revoked-by', 1001, 1002),
      aRelationship('revoked-by', 1002, 1001),
    );
    expect(techniqueOf(text, 'T1001')).toMatchObject({ revokedById: uuid(1002), replacedById: null });
  });

  it('has no replacement if the steps end at a deprecated technique or outside the bundle', () => {
    const deprecated = aTechnique(1003, { x_mitre_deprecated: true });
    const text = aBundle(
      revoked(1001),
      revoked(1002),
      deprecated,
      aRelationship('revoked-by', 1001, 1003),
      aRelationship('revoked-by', 1002, 4),
    );
    expect(techniqueOf(text, 'T1001')).toMatchObject({ revokedById: uuid(1003), replacedById: null });
    expect(techniqueOf(text, 'T1002')).toMatchObject({ revokedById: null, replacedById: null });
    expect(techniqueOf(text, 'T1003').deprecated).toBe(true);
  });

  it('uses the newest of several revoked-by relationships', () => {
    const old = aRelationship('revoked-by', 1001, 1002, { modified: '2020-01-01T00:00:00.000Z' });
    const recent = aRelationship('revoked-by', 1001, 1003);
    for (const relationships of [
      [old, recent],
      [recent, old],
    ]) {
      const text = aBundle(revoked(1001), aTechnique(1002), aTechnique(1003), ...relationships);
      expect(techniqueOf(text, 'T1001').replacedById).toBe(uuid(1003));
    }
  });

  it('may have the same ATT&CK id as a technique in force', () => {
    const text = aBundle(aTechnique(1001), aTechnique(1002, { attackId: 'T1001', revoked: true }));
    expect(attackIds(text)).toEqual(['T1001', 'T1001']);
  });
});

describe('the content hash', () => {
  const hashOf = (properties: Record<string, unknown>) =>
    techniqueOf(aBundle(aTechnique(1001, properties)), 'T1001').contentHash;
  const hash = hashOf({});

  it.each([
    ['a new timestamp', { modified: '2026-01-01T00:00:00.000Z' }],
    ['a new version', { x_mitre_version: '2.0' }],
    ['another specification', { x_mitre_attack_spec_version: '3.3.0' }],
    ['another author of the change', { x_mitre_modified_by_ref: 'identity--1' }],
    ['contributors', { x_mitre_contributors: ['A Contributor'] }],
    ['detection text', { x_mitre_detection: 'Look for it.' }],
    ['data sources', { x_mitre_data_sources: ['Process: Process Creation'] }],
    ['an explicit false', { revoked: false, x_mitre_deprecated: false, x_mitre_remote_support: false }],
    ['the order of platforms', { x_mitre_platforms: ['Linux', 'Windows'] }],
  ])('does not change with %s', (_, properties) => expect(hashOf(properties)).toBe(hash));

  it.each([
    ['the name', { name: 'Another' }],
    ['a word of the description', { description: 'The text of technique 1009. (Citation: A Report)' }],
    ['a space in the description', { description: 'The text of technique 1001.  (Citation: A Report)' }],
    ['a citation in the description', { description: 'The text of technique 1001. (Citation: Another Report)' }],
    ['a tactic', { kill_chain_phases: [{ kill_chain_name: 'mitre-attack', phase_name: 'impact' }] }],
    ['a platform', { x_mitre_platforms: ['Linux', 'Windows', 'macOS'] }],
    ['revocation', { revoked: true }],
    ['deprecation', { x_mitre_deprecated: true }],
  ])('changes with %s', (_, properties) => expect(hashOf(properties)).not.toBe(hash));

  it('changes with the parent', () => {
    const sub = aTechnique(2001, { attackId: 'T1001.001' });
    const objects = [aTechnique(1001), aTechnique(1002), sub];
    const before = techniqueOf(aBundle(...objects), 'T1001.001').contentHash;
    expect(
      techniqueOf(aBundle(...objects, aRelationship('subtechnique-of', 2001, 1002)), 'T1001.001').contentHash,
    ).not.toBe(before);
  });

  it('does not depend on the order of keys or objects', () => {
    const objects = [
      aTechnique(1001),
      aTechnique(1002),
      aTechnique(1003, { revoked: true }),
      aRelationship('revoked-by', 1003, 1001),
    ];
    const turned = objects.map((object) => Object.fromEntries(Object.entries(object).reverse())).reverse();
    expect(parseStixBundle(aBundle(...turned))).toEqual(parseStixBundle(aBundle(...objects)));
  });
});

describe('two techniques with the same ATT&CK id', () => {
  const other = (properties: Record<string, unknown> = {}) => aTechnique(1002, { attackId: 'T1001', ...properties });

  it('are refused if both are in force, in any order, with the names of both', () => {
    const older = aTechnique(1001, { modified: '2024-01-01T00:00:00.000Z' });
    for (const objects of [
      [older, other()],
      [other(), older],
    ]) {
      expect(refusal(aBundle(...objects))).toEqual({
        fault: 'shared_attack_id',
        code: 'invalid_input',
        message:
          `two techniques of the bundle are in force with the ATT&CK id T1001: attack-pattern--${uuid(1001)} (Technique 1001) ` +
          `and attack-pattern--${uuid(1002)} (Technique 1002); revoke one of them`,
      });
    }
  });

  it.each([
    ['revoked', { revoked: true }],
    ['deprecated', { x_mitre_deprecated: true }],
  ])('may be one in force and one %s, and the id then means the one in force', (_, properties) => {
    const sub = aTechnique(2001, { attackId: 'T1001.001', x_mitre_is_subtechnique: true });
    for (const objects of [
      [aTechnique(1001, properties), other(), sub],
      [other(), aTechnique(1001, properties), sub],
    ]) {
      const text = aBundle(...objects);
      expect(attackIds(text)).toEqual(['T1001', 'T1001', 'T1001.001']);
      expect(techniqueOf(text, 'T1001.001').parentId).toBe(uuid(1002));
    }
  });

  it('may belong to different domains', () => {
    const ics = other({ x_mitre_domains: ['ics-attack'] });
    expect(attackIds(aBundle(aTechnique(1001), ics), { domain: 'ics-attack' })).toEqual(['T1001']);
  });
});

describe('malformed objects', () => {
  const NO_STAMP = 'neither created nor modified is an ISO 8601 stamp from year 1 on';

  it.each([
    ['id is not attack-pattern--<uuid>', { id: 'attack-pattern--1' }],
    ['id is not attack-pattern--<uuid>', { id: undefined }],
    ['no ATT&CK id in external_references', { external_references: undefined }],
    [
      'no ATT&CK id in external_references',
      { external_references: [null, 'x', { source_name: 'capec', external_id: 'T1001' }] },
    ],
    ['no ATT&CK id in external_references', { attackId: 'CAPEC-1' }],
    ['name is missing', { name: ' ' }],
    ['name is missing', { name: 7 }],
    ['name is longer than 500 characters', { name: 'x'.repeat(501) }],
    [NO_STAMP, { created: 'yesterday', modified: '2025-13-45T00:00:00Z' }],
    [NO_STAMP, { created: '0000-01-01T00:00:00Z', modified: '0000-12-31T23:59:59.999Z' }],
    [NO_STAMP, { created: undefined, modified: '0001-01-01T00:00:00+00:01' }],
    [NO_STAMP, { created: '9999-12-31T23:59:59-00:01', modified: undefined }],
    [NO_STAMP, { created: '-000001-01-01T00:00:00Z', modified: '+010000-01-01T00:00:00Z' }],
  ])('are skipped and counted: %s', (reason, properties) => {
    const { techniques, skipped } = parseStixBundle(aBundle(aTechnique(1001), aTechnique(1002, properties)));
    expect(techniques.map(({ attackId }) => attackId)).toEqual(['T1001']);
    expect(skipped).toEqual([{ reason: `attack-pattern: ${reason}`, count: 1, examples: [expect.any(String)] }]);
  });

  it('do not affect other objects', () => {
    const { techniques, skipped } = parseStixBundle(
      aBundle(null, 7, 'x', [], {}, { type: 7 }, { type: 'constructor' }, aTechnique(1001)),
    );
    expect(techniques).toHaveLength(1);
    expect(skipped).toEqual([
      {
        reason: 'not an object with a type',
        count: 6,
        examples: ['objects[0]', 'objects[1]', 'objects[2]', 'objects[3]', 'objects[4]'],
      },
    ]);
  });

  it('do not include a name of exactly 500 characters', () => {
    expect(attackIds(aBundle(aTechnique(1001, { name: 'x'.repeat(500) })))).toEqual(['T1001']);
  });

  it('include older copies with the same id: the copy with the newest timestamp counts', () => {
    const older = aTechnique(1001, { name: 'Older', modified: '2024-01-01T00:00:00.000Z' });
    const newer = aTechnique(1001, { name: 'Newer', modified: '2025-01-01T00:00:00.000Z' });
    for (const objects of [
      [older, newer],
      [newer, older],
    ]) {
      const { techniques, skipped } = parseStixBundle(aBundle(...objects));
      expect(techniques.map(({ name }) => name)).toEqual(['Newer']);
      expect(skipped).toMatchObject([{ reason: 'attack-pattern: older copy of the same id', count: 1 }]);
    }
  });

  it('cannot change the prototype of an object', () => {
    const text = aBundle(aTechnique(1001)).replace(
      '"name":',
      '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"name":',
    );
    expect(attackIds(text)).toEqual(['T1001']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

describe('tactics', () => {
  it('are those of the domain that are in force; malformed ones are counted', () => {
    const { tactics, skipped } = parseStixBundle(
      aBundle(
        aTechnique(1001),
        aTactic(2000),
        aTactic(1000),
        aTactic(3000, { x_mitre_deprecated: true }),
        aTactic(4000, { x_mitre_domains: ['ics-attack'] }),
        aTactic(5000, { x_mitre_shortname: undefined }),
        aTactic(6000, { x_mitre_shortname: 'tactic-1000' }),
      ),
    );
    expect(tactics.map(({ attackId }) => attackId)).toEqual(['TA1000', 'TA2000']);
    expect(tactics[0]?.url).toBe('https://attack.mitre.org/tactics/TA1000');
    expect(skipped.map(({ reason }) => reason)).toEqual([
      'x-mitre-tactic: the same x_mitre_shortname again',
      'x-mitre-tactic: x_mitre_shortname is missing',
    ]);
  });
});

describe('the domain', () => {
  const untold = { x_mitre_domains: undefined, kill_chain_phases: undefined };

  it.each<[AttackDomain, string]>([
    ['enterprise-attack', 'mitre-attack'],
    ['mobile-attack', 'mitre-mobile-attack'],
    ['ics-attack', 'mitre-ics-attack'],
  ])('%s is known from x_mitre_domains or the kill chain %s', (domain, kill_chain_name) => {
    const kill_chain_phases = [{ kill_chain_name, phase_name: 'impact' }];
    expect(parseStixBundle(aBundle(aTechnique(1001, { ...untold, x_mitre_domains: [domain] }))).domain).toBe(domain);
    expect(parseStixBundle(aBundle(aTechnique(1001, { ...untold, kill_chain_phases }))).domain).toBe(domain);
  });

  it('is the domain of most techniques; a technique of another domain is skipped', () => {
    const own = Array.from({ length: 10 }, (_, index) => aTechnique(1000 + index));
    const { domain, techniques, skipped } = parseStixBundle(
      aBundle(...own, aTechnique(2000, { x_mitre_domains: ['ics-attack'] })),
    );
    expect(domain).toBe('enterprise-attack');
    expect(techniques).toHaveLength(10);
    expect(skipped).toMatchObject([{ reason: 'attack-pattern: belongs to ics-attack', count: 1 }]);
  });

  it('must be given for a bundle of several domains, and selects its techniques', () => {
    const text = aBundle(aTechnique(1001), aTechnique(2000, { x_mitre_domains: ['ics-attack'] }));
    expect(refusal(text).fault).toBe('mixed_domains');
    expect(attackIds(text, { domain: 'ics-attack' })).toEqual(['T2000']);
  });

  it('must be given for a bundle that does not contain it', () => {
    const text = aBundle(aTechnique(1001, untold));
    expect(refusal(text)).toMatchObject({ fault: 'unknown_domain', message: expect.stringContaining('mobile-attack') });
    expect(parseStixBundle(text, { domain: 'mobile-attack' }).domain).toBe('mobile-attack');
  });

  it('must be a domain of the bundle', () => {
    const { fault, message } = refusal(aBundle(aTechnique(1001)), { domain: 'ics-attack' });
    expect(fault).toBe('domain_mismatch');
    expect(message).toBe('the bundle holds no technique of ics-attack; it holds enterprise-attack (1)');
  });

  it('must be a known domain', () => {
    expect(refusal(aBundle(aTechnique(1001)), { domain: 'pre-attack' as AttackDomain }).fault).toBe('bad_option');
  });
});

describe('the ATT&CK release', () => {
  it('must equal the release in the bundle', () => {
    const text = aBundle(aCollection('18.1'), aTechnique(1001));
    expect(parseStixBundle(text, { attackVersion: '18.1' }).attackVersion).toBe('18.1');
    expect(refusal(text, { attackVersion: '17.1' })).toMatchObject({
      fault: 'version_mismatch',
      message: 'the bundle is of ATT&CK 18.1, not 17.1',
    });
  });

  it('must have the form of a release', () => {
    expect(refusal(aBundle(aTechnique(1001)), { attackVersion: 'latest' }).fault).toBe('bad_option');
  });

  it('is unknown if several collections of the domain contain different releases', () => {
    const own = { x_mitre_domains: ['enterprise-attack'] };
    expect(
      parseStixBundle(aBundle(aCollection('18.1', own), aCollection('17.1', own), aTechnique(1001))).attackVersion,
    ).toBeNull();
    const other = { x_mitre_domains: ['ics-attack'] };
    expect(
      parseStixBundle(aBundle(aCollection('18.1', own), aCollection('17.1', other), aTechnique(1001))).attackVersion,
    ).toBe('18.1');
  });
});

describe('a text that is not a bundle', () => {
  const good = aBundle(aTechnique(1001));

  it.each([
    ['nothing', ' \n', 'empty', 'there is nothing in it'],
    ['a page', '<!DOCTYPE html><html>', 'not_json', 'HTML'],
    ['words', 'hello', 'not_json', 'line 1, column 1'],
    ['a broken line', '{\n  "type": "bundle",\n  "objects": [1 2]\n}', 'not_json', 'line 3, column 17'],
    ['a cut file', good.slice(0, -40), 'truncated', 'cut off'],
    ['a list', '[]', 'not_a_bundle', 'this is a list'],
    ['null', 'null', 'not_a_bundle', 'this is null'],
    ['no type', '{"objects": []}', 'not_a_bundle', 'type must be "bundle", it is missing'],
    ['another type', '{"type": "report", "objects": []}', 'not_a_bundle', 'it is "report"'],
    ['no objects', '{"type": "bundle"}', 'objects_missing', 'objects must be a list of STIX objects, it is missing'],
    ['objects of another kind', '{"type": "bundle", "objects": {}}', 'objects_missing', 'it is an object'],
    ['no techniques', aBundle(aTactic(1)), 'no_techniques', 'no attack-pattern'],
    ['no usable technique', aBundle(aTechnique(1001, { name: '' })), 'no_techniques', 'name is missing'],
    ['UTF-16 read as UTF-8', '\0{\0"\0t', 'wrong_encoding', 'UTF-16'],
  ])('is refused: %s', (_, text, fault, words) => {
    expect(refusal(text)).toMatchObject({ fault, code: 'invalid_input', message: expect.stringContaining(words) });
  });

  it('is refused even with a million nested lists', () => {
    const depth = 1_000_000;
    expect(['too_deep', 'no_techniques']).toContain(
      refusal(`{"type":"bundle","objects":${'['.repeat(depth)}${']'.repeat(depth)}}`).fault,
    );
    expect(['too_deep', 'truncated']).toContain(refusal('['.repeat(depth)).fault);
  });

  it('does not include a bundle with a byte order mark', () => {
    expect(attackIds(`\uFEFF${good}`)).toEqual(['T1001']);
  });
});
