import { AuthModule, AuthService, type NewFirstAdmin } from '../../src/auth/index.js';
import { newId } from '../../src/common/ids.js';
import { Transactions } from '../../src/database/index.js';
import { OrganizationsModule, OrganizationsService } from '../../src/organizations/index.js';
import { aPerson, PASSWORD, refreshCookie } from '../support/auth-factories.js';
import { aMember, anOrganization } from '../support/factories.js';
import { startTestHttp, type Answer, type TestHttp } from '../support/http.js';

let http: TestHttp;
let organizations: OrganizationsService;
let transactions: Transactions;

beforeAll(async () => {
  http = await startTestHttp([OrganizationsModule, AuthModule]);
  organizations = http.module.get(OrganizationsService, { strict: false });
  transactions = http.module.get(Transactions, { strict: false });
});
afterAll(() => http.close());

const create = (input: { name: string; slug?: string }) =>
  transactions.run((manager) => organizations.create(manager, input));

const login = (email: string, password: string, organizationId?: string): Promise<Answer> =>
  http.request('POST', '/api/v1/auth/login', { body: { email, password, organization_id: organizationId } });
const refresh = (signedIn: Answer, organizationId?: string): Promise<Answer> =>
  http.request('POST', '/api/v1/auth/refresh', {
    headers: { cookie: refreshCookie(signedIn).header },
    body: { organization_id: organizationId },
  });

describe('the default organisation', () => {
  const ensure = (name: string) =>
    transactions.run((manager) => organizations.ensureDefault(manager, { name, isDemo: false }));

  test('is created once, by the first replica, and keeps its name', async () => {
    const answers = await Promise.all(
      ['Default organisation', 'Default organisation', 'Default organisation'].map(ensure),
    );
    expect(answers.filter(({ created }) => created)).toHaveLength(1);
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    const { id } = answers[0]!;
    expect(await ensure('Another name')).toEqual({ id, created: false });
    expect(await organizations.get(id)).toMatchObject({
      name: 'Default organisation',
      slug: 'default-organisation',
      isDefault: true,
      isDemo: false,
    });
    expect(await organizations.isDefault(id)).toBe(true);
    expect(await organizations.isDefault(await anOrganization(http.database))).toBe(false);
  });
});

describe('a further organisation', () => {
  test('gets a slug from its name, with a number if others have it', async () => {
    const before = await organizations.count();
    expect(await create({ name: ' Björk & Söner ' })).toMatchObject({
      name: 'Björk & Söner',
      slug: 'bjork-soner',
      isDefault: false,
    });
    expect((await create({ name: 'Björk & Söner' })).slug).toBe('bjork-soner-2');
    const atOnce = await Promise.all([create({ name: 'Bjork Soner' }), create({ name: 'Bjork Soner' })]);
    expect(atOnce.map(({ slug }) => slug).sort()).toEqual(['bjork-soner-3', 'bjork-soner-4']);
    expect(await organizations.count()).toBe(before + 4);
    expect((await organizations.list()).map(({ slug }) => slug)).toContain('bjork-soner-4');
  });

  test('accepts its own slug, once', async () => {
    await create({ name: 'Acme', slug: 'acme-eu' });
    await expect(create({ name: 'Acme', slug: 'acme-eu' })).rejects.toMatchObject({
      code: 'conflict',
      fields: [{ field: 'slug' }],
    });
  });

  test.each([
    [{ name: ' ' }, 'name'],
    [{ name: 'x'.repeat(201) }, 'name'],
    [{ name: 'Acme', slug: 'Acme EU' }, 'slug'],
  ])('refuses %j and names %s', async (input, field) => {
    await expect(create(input)).rejects.toMatchObject({ code: 'invalid_input', fields: [{ field }] });
  });

  test('is not found if it does not exist', async () => {
    await expect(organizations.get(newId())).rejects.toMatchObject({ code: 'not_found' });
    await expect(organizations.get('acme')).rejects.toMatchObject({ code: 'not_found' });
    expect(await organizations.isDefault('acme')).toBe(false);
  });
});

test('an organisation is found by its slug', async () => {
  const { id, slug } = await create({ name: 'Found Again' });
  expect(await organizations.getBySlug(slug)).toMatchObject({ id, name: 'Found Again' });
  await expect(organizations.getBySlug('never-made')).rejects.toMatchObject({
    code: 'not_found',
    message: 'there is no organisation never-made',
  });
});

describe('a user who joins a further organisation', () => {
  const addMember = (organizationId: string, email: string) =>
    http.module.get(AuthService, { strict: false }).addMember(organizationId, { email, role: 'analyst' });

  test('gets a new password, and the old one no longer works', async () => {
    const home = await anOrganization(http.database);
    const { email } = await aPerson(http.database, home);
    const before = await login(email, PASSWORD);
    const further = await anOrganization(http.database);
    const password = await addMember(further, ` ${email.toUpperCase()}`);
    expect((await refresh(before, further)).status).toBe(401);
    expect((await login(email, PASSWORD)).status).toBe(401);
    expect((await login(email, password, home)).status).toBe(200);
    const { body } = await login(email, password, further);
    expect((await http.request('GET', '/api/v1/auth/me', { token: body.access_token })).body.role).toBe('analyst');
  });

  test('who is already a member keeps password and sessions', async () => {
    const organizationId = await anOrganization(http.database);
    const { email } = await aPerson(http.database, organizationId);
    const before = await login(email, PASSWORD);
    await expect(addMember(organizationId, email)).rejects.toMatchObject({
      code: 'conflict',
      message: `${email} is already a member of this organisation`,
    });
    expect((await refresh(before)).status).toBe(200);
    expect((await login(email, PASSWORD)).status).toBe(200);
  });

  test('must have an account', async () => {
    await expect(addMember(await anOrganization(http.database), 'unknown@example.org')).rejects.toMatchObject({
      code: 'not_found',
      message: 'there is no user unknown@example.org: create the user in one of the organisations first',
    });
  });
});

describe('the first admin', () => {
  const createFirstAdmin = (organizationId: string, input: NewFirstAdmin) =>
    transactions.run((manager) =>
      http.module.get(AuthService, { strict: false }).createFirstAdmin(manager, organizationId, input),
    );

  test('is created once by two replicas that start at once, with a password that works', async () => {
    const organizationId = await anOrganization(http.database);
    const email = `${newId()}@example.org`;
    const answers = await Promise.all([
      createFirstAdmin(organizationId, { email: email.toUpperCase() }),
      createFirstAdmin(organizationId, { email }),
    ]);
    const creation = answers.find(({ created }) => created)!;
    expect(creation).toEqual({ email, password: expect.stringMatching(/^[A-Za-z0-9_-]{20,}$/), created: true });
    expect(answers.find(({ created }) => !created)).toEqual({ email, password: null, created: false });
    const signedIn = await login(email, creation.password!);
    expect(signedIn.body.organization.id).toBe(organizationId);
    const me = await http.request('GET', '/api/v1/auth/me', { token: signedIn.body.access_token });
    expect(me.body.role).toBe('admin');
  });

  test('gets the given password, which the answer does not repeat', async () => {
    const email = `${newId()}@example.org`;
    const answer = await createFirstAdmin(await anOrganization(http.database), { email, password: PASSWORD });
    expect(answer).toEqual({ email, password: null, created: true });
    expect((await login(email, PASSWORD)).status).toBe(200);
  });

  test('is not an existing account, unless that is requested', async () => {
    const { email } = await aPerson(http.database, await anOrganization(http.database));
    const organizationId = await anOrganization(http.database);
    await expect(createFirstAdmin(organizationId, { email })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(email),
      fields: [{ field: 'email', message: expect.stringMatching(/^already has an account.*--link-existing/) }],
    });
    expect((await login(email, PASSWORD, organizationId)).status).toBe(401);
    expect((await login(email, PASSWORD)).status).toBe(200);
  });

  test('gets a new password if an existing account is linked, and the old one no longer works', async () => {
    const { email } = await aPerson(http.database, await anOrganization(http.database));
    const before = await login(email, PASSWORD);
    const organizationId = await anOrganization(http.database);
    const { password, ...rest } = await createFirstAdmin(organizationId, { email, linkExisting: true });
    expect(rest).toEqual({ email, created: true });
    expect((await refresh(before, organizationId)).status).toBe(401);
    expect((await login(email, PASSWORD)).status).toBe(401);
    expect((await login(email, password!, organizationId)).body.organization.id).toBe(organizationId);
  });

  test('gets the given password if an existing account is linked with one', async () => {
    const { email } = await aPerson(http.database, await anOrganization(http.database));
    const before = await login(email, PASSWORD);
    const organizationId = await anOrganization(http.database);
    const given = 'the password of the environment';
    expect(await createFirstAdmin(organizationId, { email, password: given, linkExisting: true })).toEqual({
      email,
      password: null,
      created: true,
    });
    expect((await refresh(before)).status).toBe(401);
    expect((await login(email, PASSWORD)).status).toBe(401);
    expect((await login(email, given, organizationId)).status).toBe(200);
  });

  test('is not created if there already is a member; the existing admin is named', async () => {
    const organizationId = await anOrganization(http.database);
    await aMember(http.database, organizationId, { role: 'viewer' });
    const { email } = await aMember(http.database, organizationId, { role: 'admin' });
    expect(await createFirstAdmin(organizationId, { email: 'late@example.org' })).toEqual({
      email,
      password: null,
      created: false,
    });
  });

  test.each([
    [{ email: 'not an address' }, 'email'],
    [{ email: 'user@example.org', password: 'too short' }, 'password'],
  ])('refuses %j and names %s', async (input, field) => {
    const organizationId = await anOrganization(http.database);
    await expect(createFirstAdmin(organizationId, input)).rejects.toMatchObject({
      code: 'invalid_input',
      fields: [{ field }],
    });
  });
});
