import { invalidInput, type DomainError } from '../../common/errors/index.js';
import { type CatalogueSlice, type SliceTechnique } from '../stix/catalogue-slice.js';
import { replacementOf } from '../stix/technique-links.js';
import { ATTACK_DOMAINS, type AttackDomain } from '../words/attack-domain.js';
import { FactReader, type Row } from './fact-reader.js';

/** The layout of the table. A change that an older reader would misread gets another number. */
const FORMAT = 'vedette-attack-facts/1';

const NOTICE =
  '© 2025 The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation. The license is in NOTICE.';

const SOURCE_OF: Readonly<Record<AttackDomain, string>> = {
  'enterprise-attack': 'MITRE ATT&CK Enterprise',
  'mobile-attack': 'MITRE ATT&CK Mobile',
  'ics-attack': 'MITRE ATT&CK ICS',
};

/**
 * The facts-only table of one release: JSON with one tactic or technique per line, in the order of the slice, so that
 * two releases can be compared line by line. It holds no descriptions. Values that are false, empty or null are left
 * out.
 * @throws DomainError if the slice has no ATT&CK release
 */
export function writeFacts(slice: CatalogueSlice): string {
  if (slice.attackVersion === null) {
    throw invalidInput([
      { field: 'attack_version', message: 'must be given: the bundle does not name its ATT&CK release' },
    ]);
  }
  const header = {
    format: FORMAT,
    source: SOURCE_OF[slice.domain],
    notice: NOTICE,
    domain: slice.domain,
    attack_version: slice.attackVersion,
    stix_version: slice.stixVersion,
    counts: countsOf(slice),
  };
  const tactics = slice.tactics.map(({ stixId, attackId, shortname, name, url }) => ({
    id: stixId,
    attack_id: attackId,
    shortname,
    name,
    url,
  }));
  const head = Object.entries(header).map(([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)},\n`);
  return `{\n${head.join('')}"tactics": ${lines(tactics)},\n"techniques": ${lines(slice.techniques.map(techniqueRow))}\n}\n`;
}

/**
 * Reads what {@link writeFacts} wrote. The slice is the same, except for `skipped`, which concerns the bundle.
 * @throws DomainError that names the field and its valid values
 */
export function readFacts(text: string): CatalogueSlice {
  const table = new FactReader(parse(text), '');
  table.oneOf('format', [FORMAT]);
  const domain = table.oneOf('domain', ATTACK_DOMAINS);
  const slice: CatalogueSlice = {
    domain,
    attackVersion: table.matching('attack_version', /^\d+(\.\d+)*$/, 'a release such as 18.1'),
    stixVersion: table.oneOf('stix_version', ['2.0', '2.1'] as const),
    tactics: table.rows('tactics').map((row) => {
      const url = row.optionalText('url');
      const tactic = {
        stixId: row.text('id'),
        attackId: row.text('attack_id'),
        shortname: row.text('shortname'),
        name: row.text('name'),
      };
      return url === null ? tactic : { ...tactic, url };
    }),
    techniques: table.rows('techniques').map((row) => readTechniqueRow(row, domain)),
    skipped: [],
  };
  checkIdsAndCounts(slice, table);
  const techniques = new Map(slice.techniques.map((technique) => [technique.id, technique]));
  for (const technique of slice.techniques.filter(({ revoked }) => revoked)) {
    technique.replacedById = replacementOf(technique.id, (id) => techniques.get(id)?.revokedById, techniques);
  }
  return slice;
}

function parse(text: string): Row {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row;
  } catch {
    // Falls through to the error below. The position of the fault does not help, because a command writes this file.
  }
  throw unreadable('the table of ATT&CK facts is not a JSON object: write it again from a bundle');
}

function techniqueRow(technique: SliceTechnique): Row {
  return {
    id: technique.id,
    attack_id: technique.attackId,
    name: technique.name,
    subtechnique: technique.isSubtechnique || undefined,
    parent: technique.parentAttackId ?? undefined,
    parent_id: technique.parentId ?? undefined,
    tactics: technique.tactics,
    platforms: technique.platforms,
    version: technique.techniqueVersion ?? undefined,
    created: technique.mitreCreated,
    modified: technique.mitreModified,
    revoked: technique.revoked || undefined,
    deprecated: technique.deprecated || undefined,
    revoked_by: technique.revokedById ?? undefined,
    hash: technique.contentHash,
  };
}

function readTechniqueRow(row: FactReader, domain: AttackDomain): SliceTechnique {
  const id = row.uuid('id');
  return {
    id,
    stixId: `attack-pattern--${id}`,
    attackId: row.matching('attack_id', /^T\d{4}(\.\d{3})?$/, 'an ATT&CK id such as T1059.001'),
    name: row.text('name'),
    domain,
    isSubtechnique: row.flag('subtechnique'),
    parentAttackId: row.optionalText('parent'),
    parentId: row.optionalUuid('parent_id'),
    tactics: row.texts('tactics'),
    platforms: row.texts('platforms'),
    techniqueVersion: row.optionalText('version'),
    mitreCreated: row.stamp('created'),
    mitreModified: row.stamp('modified'),
    revoked: row.flag('revoked'),
    deprecated: row.flag('deprecated'),
    revokedById: row.optionalUuid('revoked_by'),
    replacedById: null,
    contentHash: row.matching('hash', /^[0-9a-f]{32}$/, '32 hexadecimal digits'),
  };
}

function checkIdsAndCounts(slice: CatalogueSlice, table: FactReader): void {
  const ids = new Set(slice.techniques.map(({ id }) => id));
  if (ids.size !== slice.techniques.length) {
    throw unreadable('two techniques of the table of ATT&CK facts have the same id');
  }
  const counts = countsOf(slice);
  const expected = table.object('counts');
  for (const [name, count] of Object.entries(counts)) {
    if (expected[name] !== count) {
      throw table.fault(`counts.${name}`, `must be ${count}, the number of them in the table`);
    }
  }
}

function countsOf({ tactics, techniques }: CatalogueSlice): Record<string, number> {
  const inForce = techniques.filter(({ revoked, deprecated }) => !revoked && !deprecated);
  return {
    tactics: tactics.length,
    techniques: inForce.filter(({ isSubtechnique }) => !isSubtechnique).length,
    subtechniques: inForce.filter(({ isSubtechnique }) => isSubtechnique).length,
    revoked: techniques.filter(({ revoked }) => revoked).length,
    deprecated: techniques.filter(({ deprecated }) => deprecated).length,
    rows: techniques.length,
  };
}

function lines(rows: readonly object[]): string {
  return rows.length === 0 ? '[]' : `[\n${rows.map((row) => JSON.stringify(row)).join(',\n')}\n]`;
}

function unreadable(message: string): DomainError {
  return invalidInput([], message);
}
