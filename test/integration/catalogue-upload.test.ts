import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { Agent, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { AuthModule } from '../../src/auth/index.js';
import type { Role } from '../../src/common/access/index.js';
import { PostureModule } from '../../src/posture/posture.module.js';
import { ReleasesModule } from '../../src/releases/releases.module.js';
import { aBundle, aCollection, aTechnique } from '../support/a-stix-bundle.js';
import { aSignedInMember, anApiKey } from '../support/auth-factories.js';
import { compileStixWorker } from '../support/catalogue-factories.js';
import { anOrganization } from '../support/factories.js';
import { startTestHttp, type Answer, type TestHttp } from '../support/http.js';

const PATH = '/api/v1/imports/attack';
const MAX_BYTES = 50_000;
const BOUNDARY = 'a-boundary-between-parts';
const BUNDLE = aBundle(aCollection('18.1'), aTechnique(1001), aTechnique(1002), aTechnique(1003, { name: '' }));

let http: TestHttp;
let folder: string;
let operator: string;
let admin: { userId: string; token: string };

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'vedette-worker-'));
  const workerFile = compileStixWorker(path.join(folder, 'built'));
  mkdirSync(temporaryFolder());
  http = await startTestHttp([
    AuthModule,
    PostureModule,
    ReleasesModule.withSettings({ maxBytes: MAX_BYTES, temporaryFolder: temporaryFolder(), workerFile }),
  ]);
  operator = await anOrganization(http.database, { isDefault: true });
  admin = await aSignedInMember(http, operator, 'admin');
});

afterAll(async () => {
  await http.close();
  rmSync(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await http.database.query('TRUNCATE technique, tactic, catalogue_import CASCADE');
});

// After every upload its temporary folder is gone.
afterEach(() => {
  expect(temporaryFolders()).toEqual([]);
});

function temporaryFolder(): string {
  return path.join(folder, 'temporary');
}

function temporaryFolders(): string[] {
  return readdirSync(temporaryFolder());
}

interface Part {
  name: string;
  content: string;
  fileName?: string;
  type?: string;
}

function aForm(...parts: Part[]): string {
  const written = parts.map(({ name, content, fileName, type }) => {
    const file = fileName === undefined ? '' : `; filename="${fileName}"`;
    const contentType = type === undefined ? '' : `\r\ncontent-type: ${type}`;
    return `--${BOUNDARY}\r\ncontent-disposition: form-data; name="${name}"${file}${contentType}\r\n\r\n${content}\r\n`;
  });
  return `${written.join('')}--${BOUNDARY}--\r\n`;
}

const aFile = (content = BUNDLE, fileName = 'enterprise-attack-18.1.json'): Part => ({
  name: 'file',
  content,
  fileName,
  type: 'application/json',
});

function upload(
  body: string | Buffer | undefined,
  type: string | undefined,
  { query = '', token = admin.token }: { query?: string; token?: string } = {},
): Promise<Answer> {
  return http.request('POST', PATH + query, {
    token,
    body,
    headers: type === undefined ? {} : { 'content-type': type },
  });
}

function uploadForm(form: string, options?: { query?: string; token?: string }): Promise<Answer> {
  return upload(form, `multipart/form-data; boundary=${BOUNDARY}`, options);
}

async function tokenOf(role: Role, organizationId = operator): Promise<string> {
  return (await aSignedInMember(http, organizationId, role)).token;
}

/** The port of a real socket. Only there can an answer come before the whole body is sent. */
async function listening(): Promise<number> {
  const server = http.app.getHttpServer();
  if (!server.listening) await http.app.listen(0, '127.0.0.1');
  return (server.address() as AddressInfo).port;
}

function techniques(): Promise<unknown[]> {
  return http.database.query('SELECT FROM technique');
}

describe('POST /imports/attack', () => {
  test('takes a form with the file', async () => {
    const answer = await uploadForm(aForm(aFile()));
    expect(answer).toMatchObject({
      status: 200,
      body: {
        domain: 'enterprise-attack',
        attack_version: '18.1',
        previous_attack_version: null,
        source: 'upload: enterprise-attack-18.1.json',
        imported_by: admin.userId,
        techniques_total: 2,
        added: 2,
        added_ids: ['T1001', 'T1002'],
        skipped: 1,
      },
    });
    expect(await techniques()).toHaveLength(2);
  });

  test.each([
    'application/json',
    'application/json; charset=utf-8',
    'application/stix+json',
    'application/stix+json;version=2.1',
    'application/octet-stream',
  ])('takes the bundle itself as %s', async (type) => {
    expect(await upload(BUNDLE, type)).toMatchObject({ status: 200, body: { added: 2, source: 'upload' } });
  });

  test('takes options as query parameters, as fields before and after the file, and fields before parameters', async () => {
    const bundle = aBundle(aTechnique(1001));
    const query = '?attack_version=17.1&allow_older=true';
    expect((await upload(bundle, 'application/json', { query: '?attack_version=18.1' })).body).toMatchObject({
      attack_version: '18.1',
    });
    expect((await upload(bundle, 'application/json', { query: '?attack_version=17.1' })).status).toBe(409);
    expect((await upload(bundle, 'application/json', { query })).body).toMatchObject({
      attack_version: '17.1',
      previous_attack_version: '18.1',
    });
    const version = { name: 'attack_version', content: '16.0' };
    const allowed = { name: 'allow_older', content: 'true' };
    expect((await uploadForm(aForm(version, aFile(bundle), allowed))).body).toMatchObject({ attack_version: '16.0' });
    const over = aForm({ ...version, content: '15.1' }, aFile(bundle));
    expect((await uploadForm(over, { query })).body).toMatchObject({ attack_version: '15.1' });
  });

  test('is idempotent', async () => {
    await uploadForm(aForm(aFile()));
    expect((await upload(BUNDLE, 'application/json')).body).toMatchObject({
      added: 0,
      unchanged: 2,
      previous_attack_version: '18.1',
    });
  });

  test('takes an API key of an admin', async () => {
    const { id, key } = await anApiKey(http, operator, { role: 'admin' });
    expect((await upload(BUNDLE, 'application/json', { token: key })).body).toMatchObject({
      added: 2,
      imported_by: id,
    });
  });

  test('keeps the bare name of the file', async () => {
    for (const [sent, kept] of [
      ['C:\\\\Users\\\\me\\\\18.1.json', '18.1.json'],
      ['/etc/../18.1.json', '18.1.json'],
      ['', 'unnamed'],
    ] as const) {
      const answer = await uploadForm(aForm(aFile(BUNDLE, sent)));
      expect([sent, answer.body.source]).toEqual([sent, `upload: ${kept}`]);
    }
  });
});

describe('who may import', () => {
  test('not without signing in', async () => {
    expect(await upload(BUNDLE, 'application/json', { token: 'nonsense' })).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated' },
    });
    expect((await uploadForm(aForm(aFile()), { token: 'nonsense' })).status).toBe(401);
  });

  test.each<Role>(['viewer', 'analyst', 'blue_lead', 'red_lead'])('no %s', async (role) => {
    expect((await upload(BUNDLE, 'application/json', { token: await tokenOf(role) })).status).toBe(403);
    expect(await techniques()).toEqual([]);
  });

  test('not an admin of another organisation', async () => {
    const token = await tokenOf('admin', await anOrganization(http.database));
    expect(await uploadForm(aForm(aFile()), { token })).toMatchObject({
      status: 403,
      body: {
        detail:
          "the ATT&CK catalogue is shared by all organisations: only admins of the operator's organisation may import it",
      },
    });
    expect(await techniques()).toEqual([]);
  });

  test('a refusal comes before the body is sent, and no byte is stored', async () => {
    const port = await listening();
    for (const type of ['application/json', 'application/octet-stream', `multipart/form-data; boundary=${BOUNDARY}`]) {
      const status = await new Promise((resolve, reject) => {
        const sending = httpRequest({
          port,
          method: 'POST',
          path: PATH,
          headers: { 'content-type': type, 'transfer-encoding': 'chunked' },
        });
        sending.on('error', reject);
        sending.on('response', (response) => {
          expect(temporaryFolders()).toEqual([]);
          resolve(response.statusCode);
          sending.destroy();
        });
        // The body starts and never ends.
        sending.write(type.startsWith('multipart') ? aForm(aFile()).slice(0, 200) : BUNDLE.slice(0, 200));
      });
      expect([type, status]).toEqual([type, 401]);
    }
  });

  test('an incomplete upload changes nothing and leaves no file', async () => {
    const port = await listening();
    for (const type of ['application/json', `multipart/form-data; boundary=${BOUNDARY}`]) {
      const headers = { 'content-type': type, 'content-length': '40000', authorization: `Bearer ${admin.token}` };
      const sending = httpRequest({ port, method: 'POST', path: PATH, headers });
      sending.on('error', () => {});
      sending.write(type.startsWith('multipart') ? aForm(aFile()).slice(0, 400) : BUNDLE.slice(0, 400));
      await until(() => temporaryFolders().length === 1);
      sending.destroy();
      await until(() => temporaryFolders().length === 0);
    }
    expect(await techniques()).toEqual([]);
  });
});

describe('what is refused', () => {
  async function expectRefusal(answer: Answer, status: number, field: string, message: RegExp): Promise<void> {
    expect(answer).toMatchObject({ status, body: { errors: [{ field, message: expect.stringMatching(message) }] } });
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(await techniques()).toEqual([]);
  }

  test.each<[string, string, RegExp]>([
    ['text that is no JSON', 'attack-pattern', /JSON/],
    ['a bundle that is cut off', BUNDLE.slice(0, 500), /./],
    ['JSON that is no bundle', '[]', /bundle/],
    ['a bundle without techniques', aBundle(), /attack-pattern/],
  ])('%s, naming the file', async (_name, content, message) => {
    await expectRefusal(await upload(content, 'application/json'), 400, 'file', message);
    await expectRefusal(await uploadForm(aForm(aFile(content))), 400, 'file', message);
  });

  test('an ATT&CK id for two techniques in force, by the import and by its preview', async () => {
    const other = aTechnique(1002, { attackId: 'T1001' });
    const both = aForm(aFile(aBundle(aCollection('18.1'), aTechnique(1001), other)));
    for (const query of ['', '/preview']) {
      await expectRefusal(await uploadForm(both, { query }), 400, 'file', /T1001: .*0{8}1001 .* and .*0{8}1002 /);
    }
    expect((await uploadForm(aForm(aFile(aBundle(aCollection('18.1'), aTechnique(1001)))))).status).toBe(200);
    for (const query of ['', '/preview']) {
      const answer = await uploadForm(aForm(aFile(aBundle(aCollection('18.1'), other))), { query });
      expect(answer).toMatchObject({ status: 409, body: { errors: [{ field: 'file' }] } });
      expect(answer.body.detail).toMatch(/T1001 as .*0{8}1002 .* the catalogue has it as .*0{8}1001 /);
    }
    expect(await techniques()).toHaveLength(1);
  });

  test('a technique whose dates the database does not have, by the import and by its preview', async () => {
    const dates = { created: '0000-01-01T00:00:00Z', modified: '0000-01-01T00:00:00Z' };
    const form = aForm(aFile(aBundle(aCollection('18.1'), aTechnique(1001), aTechnique(1002, dates))));
    expect(await uploadForm(form, { query: '/preview' })).toMatchObject({ status: 200 });
    expect(await uploadForm(form)).toMatchObject({
      status: 200,
      body: {
        techniques_total: 1,
        skipped_reasons: [
          {
            reason: 'attack-pattern: neither created nor modified is an ISO 8601 stamp from year 1 on',
            examples: [expect.stringMatching(/1002$/)],
          },
        ],
      },
    });
  });

  test('an empty upload', async () => {
    await expectRefusal(await upload(undefined, undefined), 400, 'file', /must be sent/);
    await expectRefusal(await upload('', 'application/json'), 400, 'file', /empty/);
    await expectRefusal(await uploadForm(aForm(aFile(''))), 400, 'file', /empty/);
    await expectRefusal(await uploadForm(aForm()), 400, 'file', /must be sent/);
    await expectRefusal(await uploadForm(''), 400, 'file', /must be sent/);
  });

  test('invalid forms', async () => {
    await expectRefusal(await uploadForm(aForm(aFile(), aFile())), 400, 'file', /must be one file/);
    await expectRefusal(
      await uploadForm(aForm({ ...aFile(), name: 'bundle' })),
      400,
      'bundle',
      /send the bundle as file/,
    );
    await expectRefusal(
      await uploadForm(aForm({ name: 'file', content: BUNDLE.slice(0, 100) })),
      400,
      'file',
      /must be a file, not text/,
    );
    await expectRefusal(
      await uploadForm(aForm(aFile(), { name: 'version', content: '18.1' })),
      400,
      'version',
      /is not a known field/,
    );
    const version = { name: 'attack_version', content: '18.1' };
    await expectRefusal(
      await uploadForm(aForm(version, version, aFile())),
      400,
      'attack_version',
      /must be given once/,
    );
    await expectRefusal(await uploadForm(aForm(aFile()).slice(0, -30)), 400, 'file', /the form is broken/);
    await expectRefusal(await upload(aForm(aFile()), 'multipart/form-data'), 400, 'file', /the form is broken/);
  });

  test.each([
    ['attack_version', 'eighteen', /such as 18.1/],
    ['attack_version', '17.1', /of ATT&CK 18.1, not 17.1/],
    ['domain', 'enterprise', /must be one of enterprise-attack, mobile-attack, ics-attack/],
    ['domain', 'ics-attack', /holds no technique of ics-attack/],
    ['allow_older', 'yes', /must be true or false/],
    ['version', '18.1', /is not a known field/],
  ])('the option %s=%s, as a parameter and as a field', async (name, value, message) => {
    await expectRefusal(await upload(BUNDLE, 'application/json', { query: `?${name}=${value}` }), 400, name, message);
    await expectRefusal(await uploadForm(aForm({ name, content: value }, aFile())), 400, name, message);
  });

  test('a STIX 2.0 bundle without its release', async () => {
    const bundle = JSON.stringify({
      type: 'bundle',
      spec_version: '2.0',
      objects: [aTechnique(1001, { spec_version: undefined })],
    });
    await expectRefusal(
      await upload(bundle, 'application/json'),
      400,
      'attack_version',
      /must be given for a STIX 2.0 bundle/,
    );
  });

  test('a release older than the loaded one', async () => {
    await upload(BUNDLE, 'application/json');
    const older = aBundle(aCollection('9.0'), aTechnique(1001));
    expect(await upload(older, 'application/json')).toMatchObject({
      status: 409,
      body: { code: 'conflict', errors: [{ field: 'allow_older' }] },
    });
  });

  test('a bundle that is too large, with or without a length; one byte less is accepted', async () => {
    const padded = (bytes: number): string => BUNDLE + ' '.repeat(bytes - BUNDLE.length);
    for (const body of [padded(MAX_BYTES + 1), padded(MAX_BYTES * 3)]) {
      await expectRefusal(await upload(body, 'application/json'), 413, 'file', /at most/);
      await expectRefusal(await uploadForm(aForm(aFile(body))), 413, 'file', /at most/);
    }
    const unannounced = await http.app.inject({
      method: 'POST',
      url: PATH,
      headers: {
        authorization: `Bearer ${admin.token}`,
        'content-type': 'application/json',
        'transfer-encoding': 'chunked',
      },
      payload: Readable.from([padded(MAX_BYTES), ' ']),
    });
    expect(unannounced.statusCode).toBe(413);
    expect((await uploadForm(aForm(aFile(padded(MAX_BYTES))))).status).toBe(200);
    expect((await upload(padded(MAX_BYTES), 'application/json')).status).toBe(200);
  });

  test('a bundle that proves too large while it is sent: the answer arrives and the connection stays open', async () => {
    const port = await listening();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const sockets = new Set<unknown>();
    try {
      for (const type of ['application/json', `multipart/form-data; boundary=${BOUNDARY}`]) {
        const headers = {
          'content-type': type,
          authorization: `Bearer ${admin.token}`,
          'transfer-encoding': 'chunked',
        };
        const status = await new Promise((resolve, reject) => {
          const sending = httpRequest({ port, agent, method: 'POST', path: PATH, headers }, (response) => {
            response.resume().on('end', () => resolve(response.statusCode));
          });
          sending.on('socket', (socket) => sockets.add(socket)).on('error', reject);
          const body = BUNDLE + ' '.repeat(MAX_BYTES * 100);
          sending.end(type.startsWith('multipart') ? aForm(aFile(body)) : body);
        });
        expect([type, status]).toEqual([type, 413]);
      }
    } finally {
      agent.destroy();
    }
    expect(sockets.size).toBe(1);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/xml'])(
    'a body of type %s',
    async (type) => {
      expect(await upload(BUNDLE, type)).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
    },
  );
});

describe('the other routes', () => {
  test('still read JSON', async () => {
    const put = (body: unknown): Promise<Answer> =>
      http.request('PUT', '/api/v1/posture', { token: admin.token, body });
    await upload(BUNDLE, 'application/json');
    expect((await put({ items: [{ attack_id: 'T1001', risk_score: 50 }] })).status).toBe(200);
    expect((await put({ items: [{ attack_id: 'T1001', risk_score: 500 }] })).status).toBe(400);
  });

  test.each(['application/stix+json', 'application/octet-stream', `multipart/form-data; boundary=${BOUNDARY}`])(
    'refuse %s',
    async (type) => {
      const answer = await http.request('PUT', '/api/v1/posture', {
        token: admin.token,
        body: '{"items": []}',
        headers: { 'content-type': type },
      });
      expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
    },
  );

  test('stay unknown if they do not exist', async () => {
    const answer = await http.request('POST', '/api/v1/imports/nothing', {
      token: admin.token,
      body: '{}',
      headers: { 'content-type': 'application/octet-stream' },
    });
    expect(answer.status).toBe(404);
  });
});

describe('GET /imports/attack', () => {
  test('previews an import for admins of any organisation, and undoes it afterwards', async () => {
    await uploadForm(aForm(aFile()));
    const newer = aBundle(
      aCollection('18.2'),
      aTechnique(1001, { name: 'Renamed', x_mitre_version: '1.3' }),
      aTechnique(1004),
    );
    const count = () => http.database.query('SELECT count(*)::int AS techniques FROM technique');
    const other = await tokenOf('admin', await anOrganization(http.database));
    for (const token of [admin.token, other]) {
      const shown = await uploadForm(aForm(aFile(newer)), { query: '/preview', token });
      expect([shown.status, shown.body]).toMatchObject([
        200,
        {
          attack_version: '18.2',
          loaded_attack_version: '18.1',
          added: [{ attack_id: 'T1004' }],
          changed_minor: [{ attack_id: 'T1001', name: 'Renamed', version_before: '1.2', version_after: '1.3' }],
          coverage: { before_pct: 0, after_unmapped_pct: 0, after_carried_over_pct: 0 },
        },
      ]);
    }
    expect(await count()).toEqual([{ techniques: 2 }]);
    expect(
      (await uploadForm(aForm(aFile(newer)), { query: '/preview', token: await tokenOf('red_lead') })).status,
    ).toBe(403);
    const bad = await uploadForm(aForm(aFile(newer)), { query: '/preview?carry_over=perhaps' });
    expect([bad.status, bad.body.detail]).toEqual([400, 'carry_over must be true or false']);

    const { id } = (await uploadForm(aForm(aFile(newer)))).body;
    const undo = (path: string, token = admin.token) => http.request('POST', `${PATH}/${path}/undo`, { token });
    expect((await undo(id, other)).status).toBe(403);
    expect((await undo('none')).status).toBe(404);
    const undone = await undo(id);
    expect([undone.status, undone.body]).toMatchObject([
      200,
      { id, loaded_attack_version: '18.1', techniques_removed: 1 },
    ]);
    expect(await count()).toEqual([{ techniques: 2 }]);
    const { items } = (await http.request('GET', PATH, { token: admin.token })).body;
    expect(items).toMatchObject([{ id, undone_at: undone.body.undone_at }, { undone_at: null }]);
    expect((await undo(id)).status).toBe(409);
  });

  test('lists imports, newest first, a page at a time', async () => {
    for (const version of ['17.1', '18.1']) {
      await uploadForm(aForm(aFile(aBundle(aCollection(version), aTechnique(1001)))));
      http.clock.advanceMs(1);
    }
    const get = (query: string, token: string): Promise<Answer> => http.request('GET', PATH + query, { token });
    const first = await get('?limit=1', await tokenOf('viewer'));
    expect(first).toMatchObject({
      status: 200,
      body: { total: 2, items: [{ attack_version: '18.1', unchanged: 1, imported_by: admin.userId }] },
    });
    const second = await get(`?limit=1&cursor=${first.body.next_cursor}`, admin.token);
    expect(second.body.items).toMatchObject([{ attack_version: '17.1', added: 1 }]);
    expect((await get('?cursor=nonsense', admin.token)).status).toBe(400);
    expect((await http.request('GET', PATH)).status).toBe(401);
  });

  test('hides the people and file names of the operator from other organisations', async () => {
    await uploadForm(aForm(aFile()));
    const token = await tokenOf('viewer', await anOrganization(http.database));
    const { body } = await http.request('GET', PATH, { token });
    expect(body.items).toMatchObject([{ attack_version: '18.1', added: 2, source: 'upload', imported_by: null }]);
  });
});

async function until(isSo: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('waited in vain');
}
