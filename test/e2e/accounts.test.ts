import { newId } from '../../src/common/ids.js';
import { runCommandLine, startTwoOrganizations, type TwoOrganizations } from '../support/two-organizations.js';

const CHOSEN = 'the password that they chose';

let world: TwoOrganizations;
let email: string;

beforeAll(async () => {
  world = await startTwoOrganizations();
});
beforeEach(async () => {
  email = `${newId()}@example.org`;
  await world.vedette.api('POST', '/users', {
    token: world.theirs.token,
    body: { email, display_name: 'Robin Roe', role: 'viewer', password: CHOSEN },
  });
});
afterAll(() => world?.stop());

const statusOfLogin = async (password: string, organizationId?: string): Promise<number> => {
  const body = { email, password, organization_id: organizationId };
  return (await world.vedette.request('POST', '/api/v1/auth/login', { body })).status;
};
const passwordIn = (printed: string): string => /password (\S+) \(shown this once\)/.exec(printed)![1]!;

it('the operator adds a user to a further organisation, with a new password', async () => {
  const add = (who: string, slug = 'other-mutual'): string =>
    runCommandLine(world.database, 'user', 'add', who, '--organization', slug, '--role', 'analyst');
  const password = passwordIn(add(email));
  expect(await statusOfLogin(password, world.ours.organizationId)).toBe(200);
  expect(await statusOfLogin(password, world.theirs.organizationId)).toBe(200);
  expect(await statusOfLogin(CHOSEN)).toBe(401);
  expect(() => add(email)).toThrow('is already a member of this organisation');
  expect(() => add('unknown@example.org')).toThrow('create the user in one of the organisations first');
  expect(() => add(email, 'never-made')).toThrow('there is no organisation never-made');
  expect(await statusOfLogin(password)).toBe(200);
});

it('an organisation is created with an existing account only on request, and with a new password', async () => {
  const create = (...options: string[]): string =>
    runCommandLine(world.database, 'organization', 'create', 'Third Mutual', '--admin-email', email, ...options);
  expect(() => create()).toThrow('--link-existing');
  expect(runCommandLine(world.database, 'organization', 'list')).not.toContain('Third Mutual');
  const created = create('--link-existing');
  const id = /id (\S+)/.exec(created)![1]!;
  expect(await statusOfLogin(CHOSEN)).toBe(401);
  expect(await statusOfLogin(passwordIn(created), id)).toBe(200);
});
