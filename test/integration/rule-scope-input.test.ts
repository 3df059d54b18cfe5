import { AuthModule } from '../../src/auth/index.js';
import { RulesModule } from '../../src/rules/index.js';
import { aSignedInMember } from '../support/auth-factories.js';
import { aMember, anOrganization, aTechnique } from '../support/factories.js';
import { startTestHttp, type Answer, type TestHttp } from '../support/http.js';

let http: TestHttp;
let organizationId: string;
let token: string;
let userId: string;

beforeAll(async () => {
  http = await startTestHttp([AuthModule, RulesModule]);
  await aTechnique(http.database, { attackId: 'T1059', tactics: ['execution'], platforms: ['Windows', 'macOS'] });
  await aTechnique(http.database, { attackId: 'T1059.001', tactics: ['execution'], platforms: ['Windows'] });
  await aTechnique(http.database, { attackId: 'T1078', tactics: ['initial-access', 'stealth'], platforms: ['SaaS'] });
});

afterAll(() => http.close());

beforeEach(async () => {
  organizationId = await anOrganization(http.database);
  ({ token, userId } = await aSignedInMember(http, organizationId, 'red_lead'));
});

const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  http.request(method, `/api/v1${path}`, { token, body });

const create = (scope: unknown): Promise<Answer> =>
  call('POST', '/rules', { name: 'Mine', rule_type: 'high_risk', severity: 'high', scope });

async function nextDue(): Promise<Date> {
  const [row] = await http.database.query<{ next_evaluation_at: Date }>(
    'SELECT next_evaluation_at FROM rule_schedule WHERE organization_id = $1',
    [organizationId],
  );
  return row!.next_evaluation_at;
}

it('stores a scope with the spelling of the catalogue and without duplicates', async () => {
  const scope = {
    domains: ['enterprise-attack'],
    tactics: ['Execution', 'initial-access', 'EXECUTION'],
    platforms: ['windows', 'MACOS'],
    attack_ids: ['t1059', 'T1078'],
    owners: [userId.toUpperCase()],
    tags: ['PCI', 'pci'],
    sub_techniques: 'exclude',
  };
  const { status, body } = await create(scope);
  expect(status).toBe(201);
  const kept = {
    domains: ['enterprise-attack'],
    tactics: ['execution', 'initial-access'],
    platforms: ['Windows', 'macOS'],
    attack_ids: ['T1059', 'T1078'],
    owners: [userId],
    tags: ['pci'],
    sub_techniques: 'exclude',
  };
  expect(body.scope).toEqual(kept);
  expect((await call('GET', `/rules/${body.id}`)).body.scope).toEqual(kept);
  expect((await call('GET', '/rules')).body.items[0].scope).toEqual(kept);
});

it.each([[null], [{}], [{ sub_techniques: 'include' }]])('accepts %j as no scope', async (scope) => {
  expect((await create(scope)).body.scope).toBeNull();
});

const OTHERS_ID = '01900000-0000-7000-8000-000000000000';

it.each([
  [
    'scope.tactics[1]',
    { tactics: ['execution', 'Initial Access'] },
    'must be one of execution, initial-access, stealth',
  ],
  ['scope.platforms[0]', { platforms: ['Wndows'] }, 'must be one of SaaS, Windows, macOS'],
  ['scope.domains[0]', { domains: ['ics-attack'] }, 'must be one of enterprise-attack'],
  [
    'scope.domains',
    { domains: ['enterprise'] },
    'must be a list of 1 to 100 of enterprise-attack, mobile-attack, ics-attack',
  ],
  [
    'scope.attack_ids[1]',
    { attack_ids: ['T1059', 'T1060'] },
    'must name a technique of the catalogue, which has no technique with this id',
  ],
  ['scope.attack_ids', { attack_ids: ['TA0001'] }, 'must be a list of 1 to 100 ATT&CK ids such as T1059 or T1059.001'],
  ['scope.owners[0]', { owners: [OTHERS_ID] }, 'is not an active member of this organisation'],
  ['scope.owners', { owners: ['me'] }, 'must be a list of 1 to 100 ids of users'],
  ['scope.tactics', { tactics: [] }, 'must be a list of 1 to 100 short names of tactics'],
  ['scope.tactics', { tactics: 'execution' }, 'must be a list of 1 to 100 short names of tactics'],
  ['scope.platforms', { platforms: null }, 'must be a list of 1 to 100 platforms'],
  ['scope.tags', { tags: ['a,b'] }, 'must be a list of 1 to 100 tags, each text of 1 to 64 characters without commas'],
  ['scope.sub_techniques', { sub_techniques: 'some' }, 'must be one of include, exclude, only'],
  ['scope.tactic', { tactic: ['execution'] }, 'is not a known field'],
  ['scope', 'execution', 'must be an object that limits the rule to some techniques, or null'],
  ['scope', [{ tactics: ['execution'] }], 'must be an object that limits the rule to some techniques, or null'],
])('refuses a bad %s: %j', async (field, scope, message) => {
  const { status, body } = await create(scope);
  expect([status, body.errors]).toEqual([400, [{ field, message }]]);
  expect((await call('GET', '/rules')).body.total).toBe(0);
});

it('reports every unknown name', async () => {
  const { body } = await create({ tactics: ['a', 'execution', 'b'], platforms: ['c'] });
  expect(body.errors.map(({ field }: { field: string }) => field)).toEqual([
    'scope.tactics[0]',
    'scope.tactics[2]',
    'scope.platforms[0]',
  ]);
});

it('does not accept a user of another organisation as an owner', async () => {
  const { userId: stranger } = await aMember(http.database, await anOrganization(http.database));
  const { status, body } = await create({ owners: [stranger] });
  expect([status, body.errors[0]]).toEqual([
    400,
    { field: 'scope.owners[0]', message: 'is not an active member of this organisation' },
  ]);
});

it('is replaced as a whole, stays if it is left out of a request, and makes the rule due', async () => {
  const { body: rule } = await create({ tactics: ['execution'], tags: ['pci'] });
  await http.database.query('UPDATE rule_schedule SET next_evaluation_at = $1', [new Date('2030-01-01T00:00:00Z')]);
  const renamed = await call('PATCH', `/rules/${rule.id}`, { name: 'Renamed' });
  expect(renamed.body.scope).toEqual({ tactics: ['execution'], tags: ['pci'] });
  await http.database.query('UPDATE rule_schedule SET next_evaluation_at = $1', [new Date('2030-01-01T00:00:00Z')]);

  const changed = await call('PATCH', `/rules/${rule.id}`, { scope: { platforms: ['saas'] } });
  expect(changed.body.scope).toEqual({ platforms: ['SaaS'] });
  expect(await nextDue()).toEqual(http.clock.now());

  expect((await call('PATCH', `/rules/${rule.id}`, { scope: { tactics: ['none'] } })).status).toBe(400);
  expect((await call('GET', `/rules/${rule.id}`)).body.scope).toEqual({ platforms: ['SaaS'] });
  expect((await call('PATCH', `/rules/${rule.id}`, { scope: null })).body.scope).toBeNull();
});

it('is refused for a regression over a window of days', async () => {
  const rule = { name: 'Slow', rule_type: 'coverage_regression', severity: 'high', config: { window_days: 30 } };
  const scope = { tactics: ['execution'] };
  const refusal = {
    status: 400,
    body: { errors: [{ field: 'config.window_days', message: expect.stringContaining('0 or left out') }] },
  };

  expect(await call('POST', '/rules', { ...rule, scope })).toMatchObject(refusal);
  const { body: saved } = await call('POST', '/rules', rule);
  expect(await call('PATCH', `/rules/${saved.id}`, { scope })).toMatchObject(refusal);
  expect(await call('PATCH', `/rules/${saved.id}`, { scope, config: { window_days: 0 } })).toMatchObject({
    status: 200,
  });
});
