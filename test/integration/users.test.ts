import { AccessTokens, AuthModule } from '../../src/auth/index.js';
import { newId } from '../../src/common/ids.js';
import { anApiKey, aPerson, aSignedInMember, PASSWORD, refreshCookie } from '../support/auth-factories.js';
import { aMember, anOrganization } from '../support/factories.js';
import { startTestHttp, type Answer, type TestHttp } from '../support/http.js';
import { NOW } from '../support/test-module.js';

const LAST_ADMIN = /^this is the last active admin/;

let http: TestHttp;
let organizationId: string;
let admin: { userId: string; email: string; token: string };

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
  http.request('POST', '/api/v1/users', { token, body });
const list = (token = admin.token, query = ''): Promise<Answer> =>
  http.request('GET', `/api/v1/users${query}`, { token });
const get = (id: string, token = admin.token): Promise<Answer> => http.request('GET', `/api/v1/users/${id}`, { token });
const change = (id: string, body: object, token = admin.token): Promise<Answer> =>
  http.request('PATCH', `/api/v1/users/${id}`, { token, body });
const login = (email: string, password = PASSWORD, rest: object = {}): Promise<Answer> =>
  http.request('POST', '/api/v1/auth/login', { body: { email, password, ...rest } });

/** A valid new user, with an address that no other test uses. */
const aNewUser = (rest: object = {}): { email: string; display_name: string; role: string; password: string } => ({
  email: `${newId()}@example.org`,
  display_name: 'Robin Roe',
  role: 'analyst',
  password: PASSWORD,
  ...rest,
});

test('an added user can sign in, and is listed', async () => {
  const input = aNewUser({ email: `Robin.${newId()}@Example.org` });
  const created = await create(input);
  expect(created.status).toBe(201);
  const { id } = created.body;
  const expected = {
    id,
    email: input.email.toLowerCase(),
    display_name: 'Robin Roe',
    role: 'analyst',
    is_active: true,
    created_at: NOW.toISOString(),
  };
  expect(created.body).toEqual(expected);
  expect((await get(id)).body).toEqual(expected);
  expect((await list()).body).toMatchObject({ total: 2, items: expect.arrayContaining([expected]) });
  expect((await login(input.email)).body.user).toEqual({ id, email: expected.email, display_name: 'Robin Roe' });
});

const NAME_RULE = 'must be text of 1 to 200 characters, none of them a control character';

test.each([
  [{ email: 'robin' }, 'email', 'must be an e-mail address'],
  [{ email: undefined }, 'email', 'must be an e-mail address'],
  [{ display_name: '' }, 'display_name', NAME_RULE],
  [{ display_name: '  ' }, 'display_name', NAME_RULE],
  [{ display_name: 'two\nlines' }, 'display_name', NAME_RULE],
  [{ display_name: 'x'.repeat(201) }, 'display_name', NAME_RULE],
  [{ role: 'owner' }, 'role', 'must be one of admin, red_lead, blue_lead, analyst, viewer'],
  [{ password: 'elevenchars' }, 'password', 'must be text of 12 to 200 characters'],
  [{ password: 'x'.repeat(201) }, 'password', 'must be text of 12 to 200 characters'],
  [{ is_active: false }, 'is_active', 'is not a known field'],
])('refuses %j and names %s', async (wrong, field, message) => {
  const answer = await create(aNewUser(wrong));
  expect(answer.status).toBe(400);
  expect(answer.body.errors).toEqual([{ field, message }]);
  expect((await list()).body.total).toBe(1);
});

test('a member cannot be added twice', async () => {
  const answer = await create(aNewUser({ email: admin.email.toUpperCase() }));
  expect(answer.status).toBe(409);
  expect(answer.body.detail).toContain(admin.email);
  expect(answer.body.errors).toEqual([{ field: 'email', message: 'already belongs to a member of this organisation' }]);
});

test('one of two concurrent calls that add the same user is refused', async () => {
  const input = aNewUser();
  const answers = await Promise.all([create(input), create(input)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  expect((await list()).body.total).toBe(2);
});

const IN_USE =
  'already has an account: choose another address, or ask the operator to add the user with `vedette user add`';

test('organisation A cannot add an account that B created, so the password of B gives no access to A', async () => {
  const b = await aSignedInMember(http, await anOrganization(http.database));
  const chosenByB = aNewUser({ password: 'the password that B chose' });
  expect((await create(chosenByB, b.token)).status).toBe(201);
  const refused = await create(
    aNewUser({ email: chosenByB.email.toUpperCase(), role: 'admin', password: 'the password that A chose' }),
  );
  expect(refused).toMatchObject({
    status: 409,
    body: { code: 'conflict', errors: [{ field: 'email', message: IN_USE }] },
  });
  expect((await list()).body.total).toBe(1);
  const here = { organization_id: organizationId };
  for (const password of [chosenByB.password, 'the password that A chose']) {
    expect((await login(chosenByB.email, password, here)).status).toBe(401);
  }
  const there = await login(chosenByB.email, chosenByB.password);
  const switched = await http.request('POST', '/api/v1/auth/refresh', {
    headers: { cookie: refreshCookie(there).header },
    body: here,
  });
  expect(switched.status).toBe(404);
});

test('one of two organisations that create the same address at once is refused', async () => {
  const b = await aSignedInMember(http, await anOrganization(http.database));
  const input = aNewUser();
  const answers = await Promise.all([create(input), create(input, b.token)]);
  expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  expect((await list()).body.total + (await list(b.token)).body.total).toBe(3);
});

test('members are listed page by page, in the order in which they joined', async () => {
  await http.database.query('UPDATE membership SET created_at = $2 WHERE organization_id = $1', [organizationId, NOW]);
  for (let n = 0; n < 4; n++) {
    const { userId } = await aMember(http.database, organizationId);
    await http.database.query('UPDATE membership SET created_at = $2 WHERE user_id = $1', [userId, NOW]);
  }
  const all = (await list()).body.items.map(({ id }: { id: string }) => id);
  expect(all).toEqual([...all].sort());
  const first = (await list(admin.token, '?limit=2')).body;
  const second = (await list(admin.token, `?limit=2&cursor=${first.next_cursor}`)).body;
  const third = (await list(admin.token, `?limit=2&cursor=${second.next_cursor}`)).body;
  expect([first, second, third].flatMap(({ items }) => items.map(({ id }: { id: string }) => id))).toEqual(all);
  expect([first.total, second.total, third.total, third.next_cursor]).toEqual([5, 5, 5, null]);
  expect((await list(admin.token, '?limit=3&offset=2')).body).toMatchObject({
    items: { length: 3 },
    next_cursor: null,
  });
});

test('role and activity can change separately', async () => {
  const { userId } = await aMember(http.database, organizationId, { role: 'viewer' });
  expect((await change(userId, { role: 'red_lead' })).body).toMatchObject({
    id: userId,
    role: 'red_lead',
    is_active: true,
  });
  expect((await change(userId, { is_active: false })).body).toMatchObject({ role: 'red_lead', is_active: false });
  expect((await change(userId, {})).body).toMatchObject({ role: 'red_lead', is_active: false });
  expect((await change(userId, { role: null })).body).toMatchObject({ role: 'red_lead', is_active: false });
  expect((await change(userId, { role: 'owner' })).body.errors).toEqual([
    { field: 'role', message: 'must be one of admin, red_lead, blue_lead, analyst, viewer' },
  ]);
  expect((await change(userId, { is_active: 'yes' })).body.errors).toEqual([
    { field: 'is_active', message: 'must be true or false' },
  ]);
});

test('a deactivated user must sign in again, only in that organisation', async () => {
  const { userId, email } = await aPerson(http.database, organizationId);
  const other = await anOrganization(http.database);
  await http.database.query(`INSERT INTO membership (organization_id, user_id, role) VALUES ($1, $2, 'viewer')`, [
    other,
    userId,
  ]);
  const [here, there] = [
    await login(email, PASSWORD, { organization_id: organizationId }),
    await login(email, PASSWORD, { organization_id: other }),
  ];
  await change(userId, { is_active: false });
  await change(userId, { is_active: true });
  const refresh = (answer: Answer): Promise<Answer> =>
    http.request('POST', '/api/v1/auth/refresh', { headers: { cookie: refreshCookie(answer).header } });
  expect((await refresh(here)).status).toBe(401);
  expect((await refresh(there)).status).toBe(200);
  expect((await login(email)).status).toBe(200);
});

describe('the last active admin', () => {
  test('can be neither demoted nor deactivated by anyone', async () => {
    await aMember(http.database, organizationId, { role: 'admin', isActive: false });
    await aMember(http.database, organizationId, { role: 'red_lead' });
    const { key } = await anApiKey(http, organizationId, { role: 'admin' });
    for (const token of [admin.token, key]) {
      for (const body of [{ role: 'viewer' }, { is_active: false }, { role: 'red_lead', is_active: false }]) {
        const answer = await change(admin.userId, body, token);
        expect(answer).toMatchObject({
          status: 409,
          body: { code: 'conflict', detail: expect.stringMatching(LAST_ADMIN) },
        });
      }
    }
    expect((await get(admin.userId)).body).toMatchObject({ role: 'admin', is_active: true });
    expect((await change(admin.userId, { role: 'admin', is_active: true })).status).toBe(200);
  });

  test('can be demoted once another member is an admin', async () => {
    const { userId } = await aMember(http.database, organizationId, { role: 'viewer' });
    await change(userId, { role: 'admin' });
    expect((await change(admin.userId, { role: 'viewer' })).status).toBe(200);
  });

  test('remains when two admins demote each other at once', async () => {
    for (let round = 0; round < 5; round++) {
      const home = await anOrganization(http.database);
      const [one, two] = [await aSignedInMember(http, home), await aSignedInMember(http, home)];
      const answers = await Promise.all([
        change(two.userId, { role: 'viewer' }, one.token),
        change(one.userId, { is_active: false }, two.token),
      ]);
      // The second request comes from a user who is no longer an admin, or concerns the last admin.
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      const [{ admins }] = (await http.database.query<{ admins: number }>(
        `SELECT count(*)::int AS admins FROM membership WHERE organization_id = $1 AND role = 'admin' AND is_active`,
        [home],
      )) as [{ admins: number }];
      expect(admins).toBe(1);
    }
  });

  test('remains when all of many admins are demoted at once', async () => {
    const home = await anOrganization(http.database);
    const people: { userId: string }[] = [];
    for (let n = 0; n < 6; n++) people.push(await aMember(http.database, home, { role: 'admin' }));
    const { key } = await anApiKey(http, home, { role: 'admin' });
    const answers = await Promise.all(people.map(({ userId }) => change(userId, { role: 'viewer' }, key)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 409]);
  });
});

test('only admins manage users', async () => {
  const lead = await aSignedInMember(http, organizationId, 'blue_lead');
  for (const answer of [
    list(lead.token),
    get(lead.userId, lead.token),
    create(aNewUser(), lead.token),
    change(lead.userId, { role: 'admin' }, lead.token),
  ]) {
    expect((await answer).status).toBe(403);
  }
});

test('a user of another organisation is not found', async () => {
  const otherId = await anOrganization(http.database);
  const other = await aSignedInMember(http, otherId);
  for (const unknown of [other.userId, newId(), 'not-an-id']) {
    for (const answer of [get(unknown), change(unknown, { role: 'viewer' })]) {
      expect(await answer).toMatchObject({ status: 404, body: { detail: `there is no user ${unknown}` } });
    }
  }
  expect((await list()).body.items.map(({ id }: { id: string }) => id)).toEqual([admin.userId]);
  expect((await get(other.userId, other.token)).body.role).toBe('admin');
});

test('a role in one organisation gives no access to another', async () => {
  const otherId = await anOrganization(http.database);
  await aMember(http.database, otherId, { role: 'admin' });
  await http.database.query(`INSERT INTO membership (organization_id, user_id, role) VALUES ($1, $2, 'viewer')`, [
    otherId,
    admin.userId,
  ]);
  const there = http.module.get(AccessTokens, { strict: false }).issue(admin.userId, otherId);
  expect((await list(there)).status).toBe(403);
  await change(admin.userId, { role: 'viewer' });
  expect((await list()).status).toBe(200);
});
