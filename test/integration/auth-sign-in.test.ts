import { AuthModule } from '../../src/auth/index.js';
import { newId } from '../../src/common/ids.js';
import { aPerson, anApiKey, aSignedInMember, PASSWORD, refreshCookie } from '../support/auth-factories.js';
import { aMember, anOrganization } from '../support/factories.js';
import { startTestHttp, type Answer, type TestHttp } from '../support/http.js';
import { NOW } from '../support/test-module.js';

const DAY_MS = 24 * 60 * 60 * 1000;

let http: TestHttp;
let organizationId: string;

beforeAll(async () => {
  http = await startTestHttp([AuthModule]);
  organizationId = await anOrganization(http.database, { name: 'Acme' });
});
beforeEach(() => http.clock.set(NOW));
afterAll(() => http.close());

const login = (email: string, password = PASSWORD, rest: object = {}): Promise<Answer> =>
  http.request('POST', '/api/v1/auth/login', { body: { email, password, ...rest } });
const refresh = (cookie?: string, body?: object): Promise<Answer> =>
  http.request('POST', '/api/v1/auth/refresh', { body, headers: cookie ? { cookie } : {} });
const me = (token: string): Promise<Answer> => http.request('GET', '/api/v1/auth/me', { token });

describe('signing in', () => {
  test('gives an access token and a cookie that scripts and other sites cannot use', async () => {
    const { userId, email } = await aPerson(http.database, organizationId, {
      email: 'dana@example.org',
      role: 'red_lead',
    });
    const answer = await login(' Dana@Example.org ');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      access_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: 900,
      organization: { id: organizationId, name: 'Acme' },
      user: { id: userId, email, display_name: email },
    });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(refreshCookie(answer).attributes).toEqual([
      'httponly',
      'max-age=2592000',
      'path=/api/v1/auth',
      'samesite=strict',
    ]);

    const who = await me(answer.body.access_token);
    expect(who.body).toEqual({
      user: { id: userId, email, display_name: email },
      api_key: null,
      organization: { id: organizationId, name: 'Acme', is_demo: false },
      role: 'red_lead',
      organizations: [{ id: organizationId, name: 'Acme', is_demo: false, role: 'red_lead' }],
    });
  });

  test('gives the same answer for an unknown address, a wrong password, an inactive member and a foreign organisation', async () => {
    const { email } = await aPerson(http.database, organizationId);
    const inactive = await aPerson(http.database, organizationId, { isActive: false });
    const foreign = await anOrganization(http.database);
    const answers = [
      await login('unknown@example.org'),
      await login(email, 'wrong horse battery staple'),
      await login(inactive.email),
      await login(email, PASSWORD, { organization_id: foreign }),
    ];
    for (const { status, body, headers } of answers) {
      expect({ status, ...body, request_id: undefined }).toEqual({
        ...answers[0]!.body,
        status: 401,
        request_id: undefined,
      });
      expect(headers['set-cookie']).toBeUndefined();
    }
    expect(JSON.stringify(answers[1]!.body)).not.toContain('horse');
  });

  test('opens the organisation that the user joined first, or the requested one', async () => {
    const { userId, email } = await aPerson(http.database, organizationId);
    const second = await anOrganization(http.database, { name: 'Beta' });
    await http.database.query(
      `INSERT INTO membership (organization_id, user_id, role, created_at) VALUES ($1, $2, 'viewer', now() + interval '1 hour')`,
      [second, userId],
    );
    expect((await login(email)).body.organization).toEqual({ id: organizationId, name: 'Acme' });
    const chosen = await login(email, PASSWORD, { organization_id: second });
    expect(chosen.body.organization).toEqual({ id: second, name: 'Beta' });
    expect((await me(chosen.body.access_token)).body.role).toBe('viewer');
    const inUpperCase = await login(email, PASSWORD, { organization_id: second.toUpperCase() });
    expect(inUpperCase.body.organization).toEqual({ id: second, name: 'Beta' });
  });

  test('names invalid fields', async () => {
    const answer = await http.request('POST', '/api/v1/auth/login', { body: { email: 7, organization_id: 'x' } });
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toEqual([
      { field: 'email', message: expect.stringMatching(/^must be an e-mail address/) },
      { field: 'password', message: expect.stringMatching(/^must be text/) },
      { field: 'organization_id', message: 'must be the id of an organisation' },
    ]);
  });

  test('marks the cookie Secure on a request that came over https', async () => {
    const { email } = await aPerson(http.database, organizationId);
    const { createHttpAdapter, configureHttp } = await import('../../src/http/http-app.js');
    const proxied = http.module.createNestApplication(createHttpAdapter({ trustProxy: true }));
    await configureHttp(proxied as never);
    await proxied.init();
    await proxied.getHttpAdapter().getInstance().ready();
    const response = await proxied
      .getHttpAdapter()
      .getInstance()
      .inject({
        method: 'POST',
        url: '/api/v1/auth/login',
        headers: { 'x-forwarded-proto': 'https' },
        payload: { email, password: PASSWORD },
      });
    expect(response.headers['set-cookie']).toContain('Secure');
  });
});

describe('too many tries', () => {
  /** Without a password the request is refused before hashing, but still counts. */
  const tryFrom = (remoteAddress: string, email: string) =>
    http.app.inject({ method: 'POST', url: '/api/v1/auth/login', remoteAddress, payload: { email } });

  test('are refused after 10 tries a minute for one account from one address, with the time to wait', async () => {
    for (let n = 1; n <= 10; n++) expect((await tryFrom('203.0.113.1', 'guessed@example.org')).statusCode).toBe(400);
    const refused = await tryFrom('203.0.113.1', 'Guessed@example.org');
    expect(refused.statusCode).toBe(429);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.json()).toMatchObject({
      code: 'too_many_requests',
      retry_after_seconds: Number(refused.headers['retry-after']),
    });

    expect((await tryFrom('203.0.113.1', 'another@example.org')).statusCode).toBe(400);
    expect((await tryFrom('203.0.113.2', 'guessed@example.org')).statusCode).toBe(400);
  });

  test('are refused after 100 tries a minute from one address, for any accounts', async () => {
    for (let n = 1; n <= 100; n++) {
      expect((await tryFrom('203.0.113.3', `person-${n}@example.org`)).statusCode).toBe(400);
    }
    expect((await tryFrom('203.0.113.3', 'one-more@example.org')).statusCode).toBe(429);
  });
});

describe('staying signed in', () => {
  let email: string;
  let userId: string;
  let signedIn: Answer;

  beforeEach(async () => {
    ({ email, userId } = await aPerson(http.database, organizationId));
    signedIn = await login(email);
    expect(signedIn.status).toBe(200);
  });

  test('gives a new access token and a new cookie', async () => {
    http.clock.advanceMs(16 * 60_000);
    expect((await me(signedIn.body.access_token)).status).toBe(401);
    const answer = await refresh(refreshCookie(signedIn).header);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ ...signedIn.body, access_token: expect.any(String) });
    expect(refreshCookie(answer).value).not.toBe(refreshCookie(signedIn).value);
    expect((await me(answer.body.access_token)).status).toBe(200);
  });

  test('ends for the thief and the victim when a used token is sent again', async () => {
    const first = refreshCookie(signedIn).header;
    const second = refreshCookie(await refresh(first)).header;
    http.clock.advanceMs(10_001);
    expect((await refresh(first)).status).toBe(401);
    expect((await refresh(second)).status).toBe(401);
  });

  test('continues when two tabs use the same token at once, or up to 10 seconds apart', async () => {
    const { header } = refreshCookie(signedIn);
    const answers = await Promise.all([refresh(header), refresh(header), refresh(header)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    http.clock.advanceMs(10_000);
    answers.push(await refresh(header));
    for (const answer of answers) expect((await refresh(refreshCookie(answer).header)).status).toBe(200);
  });

  test('ends 30 days after the last use', async () => {
    http.clock.advanceMs(29 * DAY_MS);
    const later = await refresh(refreshCookie(signedIn).header);
    http.clock.advanceMs(30 * DAY_MS - 1);
    const latest = await refresh(refreshCookie(later).header);
    expect(latest.status).toBe(200);
    http.clock.advanceMs(30 * DAY_MS);
    expect((await refresh(refreshCookie(latest).header)).status).toBe(401);
  });

  test('deletes expired tokens when the user signs in again', async () => {
    http.clock.advanceMs(31 * DAY_MS);
    await login(email);
    const rows = await http.database.query('SELECT id FROM refresh_session WHERE user_id = $1', [userId]);
    expect(rows).toHaveLength(1);
  });

  test("switches only to the user's own organisations", async () => {
    const second = await anOrganization(http.database, { name: 'Gamma' });
    const { header } = refreshCookie(signedIn);
    const wrong = await refresh(header, { organization_id: 'Gamma' });
    expect(wrong.body.errors).toEqual([{ field: 'organization_id', message: 'must be the id of an organisation' }]);
    const refused = await refresh(header, { organization_id: second });
    expect(refused).toMatchObject({ status: 404, body: { detail: `there is no organisation ${second}` } });

    await http.database.query(`INSERT INTO membership (organization_id, user_id, role) VALUES ($1, $2, 'viewer')`, [
      second,
      userId,
    ]);
    const switched = await refresh(header, { organization_id: second });
    expect(switched.body.organization).toEqual({ id: second, name: 'Gamma' });
    const kept = await refresh(refreshCookie(switched).header);
    expect(kept.body.organization).toEqual({ id: second, name: 'Gamma' });
    const back = await refresh(refreshCookie(kept).header, { organization_id: organizationId.toUpperCase() });
    expect(back.body.organization).toEqual({ id: organizationId, name: 'Acme' });
  });

  test('ends by signing out, which always succeeds and clears the cookie', async () => {
    const { header } = refreshCookie(signedIn);
    const next = refreshCookie(await refresh(header)).header;
    const answer = await http.request('POST', '/api/v1/auth/logout', { headers: { cookie: header } });
    expect(answer.status).toBe(204);
    expect(refreshCookie(answer).value).toBe('');
    expect(refreshCookie(answer).attributes).toContain('path=/api/v1/auth');
    expect((await refresh(next)).status).toBe(401);
    expect((await http.request('POST', '/api/v1/auth/logout')).status).toBe(204);
    expect(
      (await http.request('POST', '/api/v1/auth/logout', { headers: { cookie: 'vedette_refresh=made-up' } })).status,
    ).toBe(204);
  });

  test('accepts only a cookie that Vedette issued', async () => {
    expect((await refresh()).status).toBe(401);
    expect((await refresh('vedette_refresh=made-up')).status).toBe(401);
  });

  test('ends for a deactivated user', async () => {
    await http.database.query('UPDATE membership SET is_active = false WHERE user_id = $1', [userId]);
    expect((await refresh(refreshCookie(signedIn).header)).status).toBe(401);
  });

  test('stores no token in plain text', async () => {
    const rows = await http.database.query('SELECT * FROM refresh_session');
    expect(JSON.stringify(rows)).not.toContain(refreshCookie(signedIn).value);
  });
});

describe('changing the password', () => {
  const change = (token: string, body: object, cookie?: string): Promise<Answer> =>
    http.request('PUT', '/api/v1/auth/password', { token, body, headers: cookie ? { cookie } : {} });

  test('takes effect at once, and signs out every other browser', async () => {
    const { email } = await aPerson(http.database, organizationId);
    const [here, elsewhere] = [await login(email), await login(email)];
    const cookie = refreshCookie(here).header;
    const wanted = 'another horse, another battery';
    const answer = await change(here.body.access_token, { current_password: PASSWORD, new_password: wanted }, cookie);
    expect(answer.status).toBe(204);
    expect((await refresh(refreshCookie(elsewhere).header)).status).toBe(401);
    expect((await refresh(cookie)).status).toBe(200);
    expect((await login(email)).status).toBe(401);
    expect((await login(email, wanted)).status).toBe(200);
  });

  test('needs the current password and a new one that is long enough', async () => {
    const { email } = await aPerson(http.database, organizationId);
    const { access_token: token } = (await login(email)).body;
    const wrong = await change(token, {
      current_password: 'not my password',
      new_password: 'another horse, another battery',
    });
    expect(wrong.status).toBe(400);
    expect(wrong.body.errors).toEqual([{ field: 'current_password', message: 'is not your password' }]);
    const short = await change(token, { current_password: PASSWORD, new_password: 'elevenchars' });
    expect(short.body.errors).toEqual([{ field: 'new_password', message: 'must be text of 12 to 200 characters' }]);
  });

  test('can be tried 10 times a minute by one user, from any address', async () => {
    const [one, another] = [await aSignedInMember(http, organizationId), await aSignedInMember(http, organizationId)];
    const tryFrom = (remoteAddress: string, { token }: { token: string }) =>
      http.app.inject({
        method: 'PUT',
        url: '/api/v1/auth/password',
        remoteAddress,
        headers: { authorization: `Bearer ${token}` },
        payload: { current_password: 'guessed', new_password: 'another horse, another battery' },
      });
    for (let n = 1; n <= 10; n++) expect((await tryFrom(`203.0.113.${n}`, one)).statusCode).toBe(400);
    const refused = await tryFrom('203.0.113.11', one);
    expect(refused.statusCode).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.json().code).toBe('too_many_requests');
    expect((await tryFrom('203.0.113.11', another)).statusCode).toBe(400);
  });

  test('is not for API keys', async () => {
    const { key } = await anApiKey(http, organizationId, { role: 'admin' });
    const answer = await change(key, { current_password: PASSWORD, new_password: 'another horse, another battery' });
    expect(answer.status).toBe(403);
  });
});

test('an API key can read its own identity', async () => {
  const { id, key } = await anApiKey(http, organizationId, { role: 'blue_lead', name: 'nightly import' });
  expect((await me(key)).body).toEqual({
    user: null,
    api_key: { id, name: 'nightly import' },
    organization: { id: organizationId, name: 'Acme', is_demo: false },
    role: 'blue_lead',
    organizations: [],
  });
});

test('an inactive membership of another organisation is not listed', async () => {
  const { userId } = await aMember(http.database, organizationId);
  const other = await anOrganization(http.database);
  await http.database.query(
    `INSERT INTO membership (organization_id, user_id, role, is_active) VALUES ($1, $2, 'viewer', false)`,
    [other, userId],
  );
  const { AccessTokens } = await import('../../src/auth/index.js');
  const tokens = http.module.get(AccessTokens, { strict: false });
  expect((await me(tokens.issue(userId, organizationId))).body.organizations).toHaveLength(1);
  expect((await me(tokens.issue(userId, other))).status).toBe(401);
  expect((await me(tokens.issue(userId, newId()))).status).toBe(401);
});
