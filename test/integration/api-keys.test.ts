import { AuthModule } from '../../src/auth/index.js';
import { newId } from '../../src/common/ids.js';
import { INSTANT_WORDS } from '../../src/common/instant.js';
import { anApiKey, aSignedInMember } from '../support/auth-factories.js';
import { anOrganization } from '../support/factories.js';
import { startTestHttp, type Answer, type TestHttp } from '../support/http.js';
import { NOW } from '../support/test-module.js';

let http: TestHttp;
let organizationId: string;
let admin: { userId: string; token: string };

beforeAll(async () => {
  http = await startTestHttp([AuthModule]);
});
beforeEach(async () => {
  http.clock.set(NOW);
  organizationId = await anOrganization(http.database);
  admin = await aSignedInMember(http, organizationId);
});
afterAll(() => http.close());

const create = (body: object, token = admin.token): Promise<Answer> =>
  http.request('POST', '/api/v1/api-keys', { token, body });
const list = (token = admin.token, query = ''): Promise<Answer> =>
  http.request('GET', `/api/v1/api-keys${query}`, { token });
const revoke = (id: string, token = admin.token): Promise<Answer> =>
  http.request('DELETE', `/api/v1/api-keys/${id}`, { token });

test('a key is shown once and works at once', async () => {
  const created = await create({ name: 'CI', role: 'red_lead', expires_at: '2026-04-01T02:00:00+02:00' });
  expect(created.status).toBe(201);
  expect(created.headers['cache-control']).toBe('no-store');
  const { key, ...rest } = created.body;
  expect(key).toMatch(/^vdt_[A-Za-z0-9_-]{43}$/);
  expect(rest).toEqual({
    id: expect.any(String),
    name: 'CI',
    role: 'red_lead',
    prefix: key.slice(0, 12),
    created_by: admin.userId,
    created_at: NOW.toISOString(),
    last_used_at: null,
    expires_at: '2026-04-01T00:00:00.000Z',
    revoked_at: null,
  });
  expect((await list()).body).toEqual({ items: [rest], total: 1, next_cursor: null });
  expect((await http.request('GET', '/api/v1/auth/me', { token: key })).body.role).toBe('red_lead');
  expect(JSON.stringify(await http.database.query('SELECT * FROM api_key'))).not.toContain(key);
});

const NAME_RULE = 'must be text of 1 to 200 characters, none of them a control character';

test.each([
  [{ role: 'viewer' }, 'name', NAME_RULE],
  [{ name: '', role: 'viewer' }, 'name', NAME_RULE],
  [{ name: '   ', role: 'viewer' }, 'name', NAME_RULE],
  [{ name: 'C\u001b[31mI', role: 'viewer' }, 'name', NAME_RULE],
  [{ name: 'CI', role: 'root' }, 'role', 'must be one of admin, red_lead, blue_lead, analyst, viewer'],
  ...['soon', '2027-01-01T00:00:00', '2027-W01-1T00:00:00Z', '2027-001T00:00:00Z', '2027-02-29'].map(
    (expiresAt): [object, string, string] => [
      { name: 'CI', role: 'viewer', expires_at: expiresAt },
      'expires_at',
      `${INSTANT_WORDS}, or null`,
    ],
  ),
  [{ name: 'CI', role: 'viewer', expires_at: '2020-01-01' }, 'expires_at', 'must be a time in the future, or null'],
  [
    { name: 'CI', role: 'viewer', expires_at: NOW.toISOString() },
    'expires_at',
    'must be a time in the future, or null',
  ],
  [{ name: 'CI', role: 'viewer', key: 'mine' }, 'key', 'is not a known field'],
])('refuses %j and names %s', async (body, field, message) => {
  const answer = await create(body);
  expect(answer.status).toBe(400);
  expect(answer.body.errors).toEqual([{ field, message }]);
  expect((await list()).body.total).toBe(0);
});

test('an expiry date means its first instant in UTC', async () => {
  const { body } = await create({ name: 'CI', role: 'viewer', expires_at: '2027-01-01' });
  expect(body.expires_at).toBe('2027-01-01T00:00:00.000Z');
});

test('revoking is permanent, can be repeated, and leaves the key in the list', async () => {
  const { id } = await anApiKey(http, organizationId);
  expect((await revoke(id)).status).toBe(204);
  http.clock.advanceMs(60_000);
  expect((await revoke(id)).status).toBe(204);
  expect((await list()).body.items).toMatchObject([{ id, revoked_at: NOW.toISOString() }]);
});

test('the last use is shown to the minute', async () => {
  const { id, key } = await anApiKey(http, organizationId, { role: 'admin' });
  /** The request does not wait for this write. */
  const lastUse = async (expected: Date): Promise<void> => {
    const deadline = Date.now() + 5000;
    let seen: string | null;
    do {
      [{ last_used_at: seen }] = (await list()).body.items;
    } while (seen !== expected.toISOString() && Date.now() < deadline);
    expect(seen).toBe(expected.toISOString());
  };
  await list(key);
  await lastUse(NOW);

  http.clock.advanceMs(59_999);
  await list(key);
  await lastUse(NOW);

  http.clock.advanceMs(1);
  await Promise.all([list(key), list(key), list(key)]);
  await lastUse(new Date(NOW.getTime() + 60_000));
  expect((await list()).body.items).toMatchObject([{ id }]);
});

test('keys are listed newest first, page by page', async () => {
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) {
    ids.unshift((await anApiKey(http, organizationId)).id);
    if (n % 2) http.clock.advanceMs(1);
  }
  const seen: string[] = [];
  let cursor = '';
  do {
    const { body } = await list(admin.token, `?limit=2${cursor && `&cursor=${cursor}`}`);
    expect(body.total).toBe(5);
    seen.push(...body.items.map(({ id }: { id: string }) => id));
    cursor = body.next_cursor;
  } while (cursor);
  expect(seen).toEqual(ids);
  expect((await list(admin.token, '?limit=2&offset=3')).body.items.map(({ id }: { id: string }) => id)).toEqual(
    ids.slice(3),
  );
  expect((await list(admin.token, '?limit=5')).body).toMatchObject({ items: { length: 5 }, next_cursor: null });
});

test('only admins manage keys', async () => {
  const { id } = await anApiKey(http, organizationId);
  const lead = await aSignedInMember(http, organizationId, 'red_lead');
  expect((await list(lead.token)).status).toBe(403);
  expect((await create({ name: 'CI', role: 'viewer' }, lead.token)).status).toBe(403);
  expect((await revoke(id, lead.token)).status).toBe(403);
  expect((await list()).body.items).toMatchObject([{ id, revoked_at: null }]);
});

test('a key of another organisation is not found', async () => {
  const { id, key } = await anApiKey(http, organizationId, { role: 'admin' });
  const other = await aSignedInMember(http, await anOrganization(http.database));
  expect((await list(other.token)).body).toMatchObject({ items: [], total: 0 });
  for (const unknown of [id, newId(), 'not-an-id']) {
    expect(await revoke(unknown, other.token)).toMatchObject({
      status: 404,
      body: { detail: `there is no API key ${unknown}` },
    });
  }
  expect((await list(key)).body.total).toBe(1);
});
