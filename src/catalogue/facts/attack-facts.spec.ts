import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { aBundle, aCollection, aRelationship, aTactic, aTechnique, uuid } from '../../../test/support/a-stix-bundle.js';
import { packageRoot } from '../../common/package-root.js';
import type { CatalogueSlice } from '../stix/catalogue-slice.js';
import { parseStixBundle } from '../stix/parse-stix-bundle.js';
import { readFacts, writeFacts } from './attack-facts.js';

function aSlice(): CatalogueSlice {
  return parseStixBundle(
    aBundle(
      aCollection('18.1'),
      aTactic(1000),
      aTactic(2000, { external_references: [{ source_name: 'mitre-attack', external_id: 'TA2000' }] }),
      aTechnique(1001, { description: 'A text of MITRE that must not be copied' }),
      aTechnique(1002, { attackId: 'T1001.001', x_mitre_platforms: undefined, x_mitre_version: undefined }),
      aTechnique(1003, { revoked: true }),
      aTechnique(1004, { revoked: true }),
      aTechnique(1005, { x_mitre_deprecated: true }),
      aRelationship('revoked-by', 1003, 1004),
      aRelationship('revoked-by', 1004, 1001),
    ),
  );
}

/** The table with one thing in it replaced. */
function tableWith(found: string | RegExp, replacement: string): string {
  const text = writeFacts(aSlice());
  const changed = text.replace(found, replacement);
  if (changed === text) throw new Error(`the table does not hold ${found}`);
  return changed;
}

describe('the table of ATT&CK facts', () => {
  it('reads back the slice that was written', () => {
    const slice = aSlice();
    expect(readFacts(writeFacts(slice))).toEqual(slice);
    expect(readFacts(writeFacts(slice)).techniques.find(({ id }) => id === uuid(1003))?.replacedById).toBe(uuid(1001));
  });

  it('does not contain the skipped objects of the bundle', () => {
    const slice = { ...aSlice(), skipped: [{ reason: 'malformed', count: 1, examples: [] }] };
    expect(readFacts(writeFacts(slice)).skipped).toEqual([]);
  });

  it('has one technique a line, its source, its counts and the notice, and no description', () => {
    const text = writeFacts(aSlice());
    expect(text.split('\n').filter((line) => line.includes('"hash"'))).toHaveLength(5);
    expect(JSON.parse(text)).toMatchObject({
      source: 'MITRE ATT&CK Enterprise',
      attack_version: '18.1',
      notice: expect.stringContaining('© 2025 The MITRE Corporation.'),
      counts: { tactics: 2, techniques: 1, subtechniques: 1, revoked: 2, deprecated: 1, rows: 5 },
    });
    expect(text).not.toContain('must not be copied');
  });

  it('cannot be written without a release', () => {
    expect(() => writeFacts({ ...aSlice(), attackVersion: null })).toThrow('attack_version must be given');
  });

  it.each([
    ['text that is no JSON', () => 'x', 'not a JSON object'],
    ['a list', () => '[]', 'not a JSON object'],
    ['another format', () => tableWith('facts/1', 'facts/9'), 'format must be vedette-attack-facts/1'],
    [
      'an unknown domain',
      () => tableWith('"enterprise-attack"', '"pre-attack"'),
      'domain must be enterprise-attack or',
    ],
    ['no release', () => tableWith('"18.1"', 'null'), 'attack_version must be a release'],
    [
      'a technique that is none',
      () => tableWith('"techniques": [', '"techniques": [7,'),
      'techniques[0] must be an object',
    ],
    ['no techniques', () => tableWith('"techniques": [', '"others": ['), 'techniques must be a list'],
    ['a broken id', () => tableWith(`"id":"${uuid(1001)}"`, '"id":"1"'), 'techniques[0].id must be a uuid'],
    ['a broken ATT&CK id', () => tableWith('"T1001.001"', '"X1"'), 'techniques[1].attack_id must be an ATT&CK id'],
    ['an empty name', () => tableWith('"Technique 1001"', '""'), 'techniques[0].name must be a text'],
    [
      'a broken list',
      () => tableWith('"platforms":[]', '"platforms":[1]'),
      'techniques[1].platforms must be a list of texts',
    ],
    [
      'a broken flag',
      () => tableWith('"revoked":true', '"revoked":"yes"'),
      'techniques[2].revoked must be true, false or left out',
    ],
    [
      'a broken time',
      () => tableWith(/"modified":"[^"]+"/, '"modified":"2025-99-99T00:00:00Z"'),
      'techniques[0].modified must be an ISO 8601',
    ],
    ['a broken hash', () => tableWith(/"hash":"\w+"/, '"hash":"1"'), 'techniques[0].hash must be 32'],
    ['a wrong count', () => tableWith('"rows":5', '"rows":6'), 'counts.rows must be 5'],
    ['one id twice', () => tableWith(`"id":"${uuid(1005)}"`, `"id":"${uuid(1001)}"`), 'have the same id'],
  ])('is refused with %s', (_, text, words) => {
    expect(() => readFacts(text())).toThrow(
      expect.objectContaining({ code: 'invalid_input', message: expect.stringContaining(words) }),
    );
  });
});

describe('the table that is shipped', () => {
  const text = readFileSync(path.join(packageRoot(), 'data/attack-enterprise-18.1.json'), 'utf8');
  const slice = readFacts(text);

  it('is all of ATT&CK Enterprise 18.1', () => {
    const inForce = slice.techniques.filter(({ revoked, deprecated }) => !revoked && !deprecated);
    expect([slice.domain, slice.attackVersion, slice.tactics.length]).toEqual(['enterprise-attack', '18.1', 14]);
    expect(inForce.filter(({ isSubtechnique }) => !isSubtechnique)).toHaveLength(216);
    expect(inForce.filter(({ isSubtechnique }) => isSubtechnique)).toHaveLength(475);
    expect(slice.techniques.filter(({ revoked, replacedById }) => revoked && replacedById)).toHaveLength(132);
  });

  it('equals what its command writes', () => expect(writeFacts(slice)).toBe(text));
});
