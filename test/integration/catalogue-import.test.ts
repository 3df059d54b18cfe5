import { Client } from 'pg';
import { type CatalogueSlice } from '../../src/catalogue/stix/catalogue-slice.js';
import { Transactions } from '../../src/database/index.js';
import { type CatalogueImportResult } from '../../src/releases/import/catalogue-import.result.js';
import { CatalogueImportService } from '../../src/releases/import/catalogue-import.service.js';
import { CatalogueImports } from '../../src/releases/import/catalogue-imports.service.js';
import { ReleasesModule } from '../../src/releases/releases.module.js';
import { uuid } from '../support/a-stix-bundle.js';
import { aSlice, aSliceTactic, aSliceTechnique } from '../support/catalogue-factories.js';
import { anOrganization, aPosture, aTechnique } from '../support/factories.js';
import { NOW, startTestModule, type TestContext } from '../support/test-module.js';

const LATER = '2025-10-24T17:49:13.380Z';

let context: TestContext;
let service: CatalogueImportService;
let transactions: Transactions;

beforeAll(async () => {
  context = await startTestModule([ReleasesModule]);
  service = context.module.get(CatalogueImportService);
  transactions = context.module.get(Transactions);
});

afterAll(async () => {
  await context.close();
});

beforeEach(async () => {
  context.clock.set(NOW);
  await context.database.query('TRUNCATE organization, technique, tactic, catalogue_import CASCADE');
});

const rows = <Row>(sql: string, parameters: unknown[] = []): Promise<Row[]> =>
  context.database.query<Row>(sql, parameters);

function importSlice(slice: CatalogueSlice, options: { allowOlder?: boolean } = {}): Promise<CatalogueImportResult> {
  return transactions.run((manager) =>
    service.importSlice(manager, slice, { source: 'a test', importedBy: null, ...options }),
  );
}

/** One technique from the database. */
async function technique(number: number): Promise<Record<string, unknown>> {
  const [row] = await rows<Record<string, unknown>>('SELECT * FROM technique WHERE id = $1', [uuid(number)]);
  return row!;
}

/** All rows that an import may write, without its own record. `xmin` changes with each write of a row. */
async function written(): Promise<unknown[]> {
  const tables: unknown[] = [];
  for (const table of ['technique', 'tactic', 'posture', 'posture_change']) {
    tables.push(await rows(`SELECT xmin, * FROM ${table} ORDER BY 2, 3`));
  }
  return tables;
}

function marks(): Promise<{ organization_id: string; kinds: string[] }[]> {
  return rows('SELECT organization_id, kinds FROM posture_change ORDER BY organization_id');
}

describe('the first import of a domain', () => {
  test('adds every technique with the facts from the release', async () => {
    const slice = aSlice(
      [
        aSliceTechnique(1001, { tactics: ['execution', 'persistence'] }),
        aSliceTechnique(2001, { attackId: 'T1001.001', parentId: uuid(1001), techniqueVersion: null, platforms: [] }),
        aSliceTechnique(1002, { revoked: true, revokedById: uuid(1003), replacedById: uuid(1001) }),
        aSliceTechnique(1003, { deprecated: true, name: `Quotes ' " \\ and { } , 😀`, tactics: ['a,b', 'c"d'] }),
      ],
      {
        tactics: [aSliceTactic(1), aSliceTactic(2)],
        skipped: [{ reason: 'attack-pattern: name is missing', count: 2, examples: ['x'] }],
      },
    );
    const result = await importSlice(slice);
    expect(result).toMatchObject({
      domain: 'enterprise-attack',
      attack_version: '18.1',
      previous_attack_version: null,
      source: 'a test',
      imported_by: null,
      created_at: NOW.toISOString(),
      techniques_total: 4,
      added: 4,
      added_ids: ['T1001', 'T1001.001', 'T1002', 'T1003'],
      revoked: 0,
      deprecated: 0,
      unchanged: 0,
      missing: 0,
      skipped: 2,
      skipped_reasons: [{ reason: 'attack-pattern: name is missing', count: 2, examples: ['x'] }],
      tactics_total: 2,
      tactics_added: 2,
      tactics_changed: 0,
    });
    expect(await technique(1001)).toMatchObject({
      attack_id: 'T1001',
      name: 'Technique 1001',
      domain: 'enterprise-attack',
      is_subtechnique: false,
      parent_id: null,
      tactics: ['execution', 'persistence'],
      platforms: ['Linux', 'Windows'],
      technique_version: '1.2',
      attack_version: '18.1',
      mitre_created: new Date('2020-01-30T13:58:14.373Z'),
      mitre_last_modified: new Date('2025-04-15T19:58:42.824Z'),
      mitre_modified_raw: new Date('2025-04-15T19:58:42.824Z'),
      in_force: true,
    });
    expect(await technique(2001)).toMatchObject({
      is_subtechnique: true,
      parent_id: uuid(1001),
      technique_version: null,
      platforms: [],
    });
    expect(await technique(1002)).toMatchObject({
      is_revoked: true,
      in_force: false,
      revoked_by_id: uuid(1003),
      replaced_by_id: uuid(1001),
    });
    expect(await technique(1003)).toMatchObject({
      is_deprecated: true,
      in_force: false,
      name: `Quotes ' " \\ and { } , 😀`,
      tactics: ['a,b', 'c"d'],
    });
    expect(await rows('SELECT id, attack_id, domain, shortname, name FROM tactic ORDER BY id')).toEqual([
      { id: uuid(1), attack_id: 'TA1', domain: 'enterprise-attack', shortname: 'tactic-1', name: 'Tactic 1' },
      { id: uuid(2), attack_id: 'TA2', domain: 'enterprise-attack', shortname: 'tactic-2', name: 'Tactic 2' },
    ]);
    expect(await marks()).toEqual([]);
  });

  test('gives every organisation a posture row for every technique, and triggers their rules', async () => {
    const organizations = [await anOrganization(context.database), await anOrganization(context.database)];
    await importSlice(aSlice([aSliceTechnique(1001), aSliceTechnique(1002, { revoked: true })]));
    for (const organizationId of organizations) {
      expect(
        await rows('SELECT technique_id, status_global, in_force FROM posture WHERE organization_id = $1 ORDER BY 1', [
          organizationId,
        ]),
      ).toEqual([
        { technique_id: uuid(1001), status_global: 'not_evaluated', in_force: true },
        { technique_id: uuid(1002), status_global: 'not_evaluated', in_force: false },
      ]);
    }
    expect(await marks()).toEqual(organizations.sort().map((id) => ({ organization_id: id, kinds: ['catalogue'] })));
  });

  test('adds a second domain to the first', async () => {
    await importSlice(aSlice([aSliceTechnique(1001)], { tactics: [aSliceTactic(1, { shortname: 'collection' })] }));
    const result = await importSlice(
      aSlice([aSliceTechnique(801)], {
        domain: 'ics-attack',
        attackVersion: '9.0',
        tactics: [aSliceTactic(2, { shortname: 'collection' })],
      }),
    );
    expect(result).toMatchObject({
      domain: 'ics-attack',
      previous_attack_version: null,
      added: 1,
      missing: 0,
      tactics_added: 1,
    });
    expect(await rows('SELECT domain FROM technique ORDER BY 1')).toEqual([
      { domain: 'enterprise-attack' },
      { domain: 'ics-attack' },
    ]);
  });
});

describe('importing the same release again', () => {
  test('changes nothing, says so, and stores a record', async () => {
    await anOrganization(context.database);
    const slice = aSlice(
      [aSliceTechnique(1001), aSliceTechnique(1002, { revoked: true, mitreModified: '2025-04-15T19:58:42.824123Z' })],
      {
        tactics: [aSliceTactic(1)],
      },
    );
    await importSlice(slice);
    await rows('DELETE FROM posture_change');
    const before = await written();
    context.clock.advanceMs(60_000);
    const result = await importSlice(slice);
    expect(result).toMatchObject({
      techniques_total: 2,
      added: 0,
      restamped: 0,
      unchanged: 2,
      previous_attack_version: '18.1',
      tactics_added: 0,
      tactics_changed: 0,
    });
    expect(await written()).toEqual(before);
    expect(
      await rows('SELECT attack_version, previous_attack_version FROM catalogue_import ORDER BY created_at'),
    ).toEqual([
      { attack_version: '18.1', previous_attack_version: null },
      { attack_version: '18.1', previous_attack_version: '18.1' },
    ]);
  });

  test('twice at once adds each technique once', async () => {
    await anOrganization(context.database);
    const slice = aSlice([aSliceTechnique(1001), aSliceTechnique(1002)]);
    const results = await Promise.all([importSlice(slice), importSlice(slice), importSlice(slice)]);
    expect(results.map(({ added }) => added).sort()).toEqual([0, 0, 2]);
    expect(results.map(({ unchanged }) => unchanged).sort()).toEqual([0, 2, 2]);
  });
});

describe('a newer release', () => {
  /** Imports `before` as 18.0 and `after` as 18.1, with one organisation there. */
  async function upgrade(
    before: CatalogueSlice['techniques'],
    after: CatalogueSlice['techniques'],
  ): Promise<{ organizationId: string; result: CatalogueImportResult }> {
    const organizationId = await anOrganization(context.database);
    await importSlice(aSlice(before, { attackVersion: '18.0' }));
    await rows('DELETE FROM posture_change');
    context.clock.advanceMs(60_000);
    return { organizationId, result: await importSlice(aSlice(after)) };
  }

  const copied = (organizationId: string): Promise<unknown[]> =>
    rows('SELECT in_force, mitre_last_modified FROM posture WHERE organization_id = $1 ORDER BY technique_id', [
      organizationId,
    ]);

  test('that changes only timestamps keeps mitre_last_modified, stores the new timestamp, and triggers no rule', async () => {
    const { organizationId, result } = await upgrade(
      [aSliceTechnique(1001)],
      [aSliceTechnique(1001, { mitreModified: LATER })],
    );
    expect(result).toMatchObject({ restamped: 1, changed_metadata_only: 0, unchanged: 0 });
    expect(await technique(1001)).toMatchObject({
      mitre_last_modified: new Date('2025-04-15T19:58:42.824Z'),
      mitre_modified_raw: new Date(LATER),
      attack_version: '18.1',
    });
    expect(await copied(organizationId)).toEqual([
      { in_force: true, mitre_last_modified: new Date('2025-04-15T19:58:42.824Z') },
    ]);
    expect(await marks()).toEqual([]);
  });

  test('that changes content changes mitre_last_modified, in every posture too', async () => {
    const { organizationId, result } = await upgrade(
      [aSliceTechnique(1001)],
      [aSliceTechnique(1001, { mitreModified: LATER, content: 'other words' })],
    );
    expect(result).toMatchObject({ changed_metadata_only: 1, changed_metadata_only_ids: ['T1001'], restamped: 0 });
    expect(await technique(1001)).toMatchObject({
      mitre_last_modified: new Date(LATER),
      mitre_modified_raw: new Date(LATER),
    });
    expect(await copied(organizationId)).toEqual([{ in_force: true, mitre_last_modified: new Date(LATER) }]);
    expect(await marks()).toEqual([{ organization_id: organizationId, kinds: ['catalogue'] }]);
  });

  test('separates major from minor changes, and marks unchanged techniques with the new release', async () => {
    const { result } = await upgrade(
      [aSliceTechnique(1001), aSliceTechnique(1002), aSliceTechnique(1003)],
      [
        aSliceTechnique(1001, { techniqueVersion: '2.0' }),
        aSliceTechnique(1002, { techniqueVersion: '1.3' }),
        aSliceTechnique(1003),
      ],
    );
    expect(result).toMatchObject({
      changed_major: 1,
      changed_major_ids: ['T1001'],
      changed_minor: 1,
      changed_minor_ids: ['T1002'],
      unchanged: 1,
      previous_attack_version: '18.0',
    });
    expect(await rows('SELECT DISTINCT attack_version FROM technique')).toEqual([{ attack_version: '18.1' }]);
    expect((await technique(1003))['updated_at']).toEqual(NOW);
  });

  test('takes revoked and deprecated techniques out of force, keeps their posture, and carries it over to a replacement', async () => {
    const organizationId = await anOrganization(context.database);
    await importSlice(
      aSlice([aSliceTechnique(1001), aSliceTechnique(1002), aSliceTechnique(1003)], { attackVersion: '18.0' }),
    );
    await aPosture(context.database, organizationId, uuid(1001), { statusGlobal: 'validated', riskScore: 80 });
    const result = await importSlice(
      aSlice([
        aSliceTechnique(1001, { revoked: true, revokedById: uuid(1004), replacedById: uuid(1004) }),
        aSliceTechnique(1002, { deprecated: true }),
        aSliceTechnique(1003),
        aSliceTechnique(1004),
      ]),
    );
    expect(result).toMatchObject({
      revoked: 1,
      revoked_ids: ['T1001'],
      deprecated: 1,
      deprecated_ids: ['T1002'],
      added: 1,
      added_ids: ['T1004'],
      unchanged: 1,
    });
    expect(await technique(1001)).toMatchObject({ is_revoked: true, in_force: false, replaced_by_id: uuid(1004) });
    expect(
      await rows(
        'SELECT in_force, status_global, risk_score FROM posture WHERE organization_id = $1 ORDER BY technique_id',
        [organizationId],
      ),
    ).toEqual([
      { in_force: false, status_global: 'validated', risk_score: 80 },
      { in_force: false, status_global: 'not_evaluated', risk_score: null },
      { in_force: true, status_global: 'not_evaluated', risk_score: null },
      { in_force: true, status_global: 'validated', risk_score: 80 },
    ]);
  });

  test('reports and keeps missing techniques', async () => {
    const { result } = await upgrade([aSliceTechnique(1001), aSliceTechnique(1002)], [aSliceTechnique(1002)]);
    expect(result).toMatchObject({ missing: 1, missing_ids: ['T1001'], unchanged: 1, techniques_total: 1 });
    expect(await technique(1001)).toMatchObject({ in_force: true, attack_version: '18.0' });
  });

  test('lists the first twenty ids of an outcome', async () => {
    const { result } = await upgrade(
      [],
      Array.from({ length: 25 }, (_, index) => aSliceTechnique(1001 + index)),
    );
    expect(result.added).toBe(25);
    expect(result.added_ids).toHaveLength(20);
    expect(result.added_ids.at(-1)).toBe('T1020');
  });

  test('may rename tactics, swap their short names and move a short name to another tactic', async () => {
    await importSlice(
      aSlice([aSliceTechnique(1001)], {
        attackVersion: '18.0',
        tactics: [1, 2, 3, 4].map((number) => aSliceTactic(number)),
      }),
    );
    const result = await importSlice(
      aSlice([aSliceTechnique(1001)], {
        tactics: [
          aSliceTactic(1, { shortname: 'tactic-2' }),
          aSliceTactic(2, { shortname: 'tactic-1' }),
          aSliceTactic(5, { shortname: 'tactic-3' }),
        ],
      }),
    );
    expect(result).toMatchObject({ tactics_total: 3, tactics_added: 1, tactics_changed: 2 });
    expect(await rows('SELECT id, shortname FROM tactic ORDER BY id')).toEqual([
      { id: uuid(1), shortname: 'tactic-2' },
      { id: uuid(2), shortname: 'tactic-1' },
      { id: uuid(4), shortname: 'tactic-4' },
      { id: uuid(5), shortname: 'tactic-3' },
    ]);
  });
});

describe('what is refused', () => {
  test('a release older than the loaded one, compared by number and within its domain', async () => {
    await importSlice(aSlice([aSliceTechnique(1001)], { attackVersion: '10.1' }));
    const before = await written();
    await expect(importSlice(aSlice([aSliceTechnique(1002)], { attackVersion: '9.0' }))).rejects.toMatchObject({
      code: 'conflict',
      message: 'ATT&CK 10.1 of enterprise-attack is loaded, and 9.0 is older: set allow_older to import it anyway',
      fields: [{ field: 'allow_older' }],
    });
    expect(await written()).toEqual(before);
    expect(await rows('SELECT FROM catalogue_import')).toHaveLength(1);
    await expect(
      importSlice(aSlice([aSliceTechnique(801)], { attackVersion: '9.0', domain: 'ics-attack' })),
    ).resolves.toMatchObject({ added: 1 });
  });

  test('unless it is allowed, and then it is the loaded release', async () => {
    await importSlice(aSlice([aSliceTechnique(1001), aSliceTechnique(1002)], { attackVersion: '18.1' }));
    context.clock.advanceMs(1);
    const result = await importSlice(aSlice([aSliceTechnique(1001)], { attackVersion: '9.0' }), { allowOlder: true });
    expect(result).toMatchObject({
      previous_attack_version: '18.1',
      attack_version: '9.0',
      unchanged: 1,
      missing_ids: ['T1002'],
    });
    context.clock.advanceMs(1);
    expect(await importSlice(aSlice([aSliceTechnique(1001)], { attackVersion: '10.1' }))).toMatchObject({
      previous_attack_version: '9.0',
    });
  });

  test('a bundle without a known release', async () => {
    await expect(
      importSlice(aSlice([aSliceTechnique(1001)], { attackVersion: null, stixVersion: '2.0' })),
    ).rejects.toMatchObject({
      code: 'invalid_input',
      fields: [
        {
          field: 'attack_version',
          message: 'must be given for a STIX 2.0 bundle, which names no ATT&CK version, such as 18.1',
        },
      ],
    });
    expect(await rows('SELECT FROM technique')).toEqual([]);
  });
});

test('a failure in the middle leaves no trace', async () => {
  await anOrganization(context.database);
  await rows(`
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no room'; END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON catalogue_import EXECUTE FUNCTION refuse();
  `);
  try {
    await expect(importSlice(aSlice([aSliceTechnique(1001)], { tactics: [aSliceTactic(1)] }))).rejects.toThrow(
      'no room',
    );
  } finally {
    await rows('DROP FUNCTION refuse CASCADE');
  }
  expect(await written()).toEqual([[], [], [], []]);
});

test('an organisation that is created during an import gets every technique', async () => {
  const creator = new Client({ connectionString: context.database.url });
  await creator.connect();
  try {
    await creator.query('BEGIN');
    await creator.query("INSERT INTO organization (id, slug, name) VALUES ($1, 'late', 'Late')", [uuid(1)]);
    await creator.query(
      'INSERT INTO posture (organization_id, technique_id, in_force, mitre_last_modified) SELECT $1, id, in_force, mitre_last_modified FROM technique',
      [uuid(1)],
    );
    const imported = importSlice(aSlice([aSliceTechnique(1001)]));
    await waitUntil(
      async () =>
        (await rows("SELECT FROM pg_locks WHERE NOT granted AND relation = 'organization'::regclass")).length > 0,
    );
    await creator.query('COMMIT');
    await imported;
  } finally {
    await creator.end();
  }
  expect(await rows('SELECT technique_id FROM posture WHERE organization_id = $1', [uuid(1)])).toEqual([
    { technique_id: uuid(1001) },
  ]);
});

test('techniques that came into the catalogue without an import belong to no release, and are compared like others', async () => {
  await aTechnique(context.database, { attackId: 'T1999' });
  expect(await importSlice(aSlice([aSliceTechnique(1001)]))).toMatchObject({
    previous_attack_version: null,
    added: 1,
    missing_ids: ['T1999'],
  });
});

test('the list has the newest import first, and continues on the next page', async () => {
  const imports = context.module.get(CatalogueImports);
  for (const attackVersion of ['17.0', '17.1', '18.0']) {
    await importSlice(aSlice([aSliceTechnique(1001)], { attackVersion }));
    context.clock.advanceMs(1);
  }
  const first = await imports.list({ limit: 2 });
  expect(first.items.map(({ attack_version }) => attack_version)).toEqual(['18.0', '17.1']);
  expect(first.total).toBe(3);
  const [key, id] = JSON.parse(Buffer.from(first.nextCursor!, 'base64url').toString()) as [string, string];
  const second = await imports.list({ limit: 2, cursor: { key, id } });
  expect(second.items.map(({ attack_version }) => attack_version)).toEqual(['17.0']);
  expect(second).toMatchObject({ total: 3, nextCursor: null });
  expect(await imports.list({ limit: 3 })).toMatchObject({ items: { length: 3 }, nextCursor: null });
});

async function waitUntil(isSo: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('waited in vain');
}
