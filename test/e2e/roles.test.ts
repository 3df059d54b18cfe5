import { startTwoOrganizations, type TwoOrganizations } from '../support/two-organizations.js';

const ROLES = ['admin', 'red_lead', 'blue_lead', 'analyst', 'viewer'] as const;

/** The least role for each operation, as the product defines it. An operation that is missing here fails the test. */
const LEAST: Record<string, 'public' | 'viewer' | 'analyst' | 'lead' | 'admin'> = {
  'POST /api/v1/auth/login': 'public',
  'POST /api/v1/auth/refresh': 'public',
  'POST /api/v1/auth/logout': 'public',
  'GET /api/v1/auth/me': 'viewer',
  'PUT /api/v1/auth/password': 'viewer',
  'GET /api/v1/api-keys': 'admin',
  'POST /api/v1/api-keys': 'admin',
  'DELETE /api/v1/api-keys/{id}': 'admin',
  'GET /api/v1/users': 'admin',
  'POST /api/v1/users': 'admin',
  'GET /api/v1/users/{id}': 'admin',
  'PATCH /api/v1/users/{id}': 'admin',
  'GET /api/v1/techniques': 'viewer',
  'GET /api/v1/techniques/{id}': 'viewer',
  'GET /api/v1/techniques/{id}/history': 'viewer',
  'PUT /api/v1/posture': 'lead',
  'GET /api/v1/posture/imports': 'viewer',
  'POST /api/v1/posture/imports': 'lead',
  'GET /api/v1/posture/imports/presets': 'viewer',
  'GET /api/v1/posture/imports/{id}': 'viewer',
  'GET /api/v1/posture/imports/{id}/changes': 'viewer',
  'POST /api/v1/posture/imports/{id}/apply': 'lead',
  'POST /api/v1/posture/imports/{id}/undo': 'lead',
  'GET /api/v1/posture/export': 'viewer',
  'GET /api/v1/posture/export/changes': 'viewer',
  'GET /api/v1/revalidation-queue': 'viewer',
  'POST /api/v1/revalidation-queue': 'analyst',
  'PATCH /api/v1/revalidation-queue/{id}': 'analyst',
  'GET /api/v1/revalidation-policy': 'viewer',
  'PUT /api/v1/revalidation-policy': 'admin',
  'POST /api/v1/revalidation-policy/run': 'lead',
  'GET /api/v1/snapshots': 'viewer',
  'POST /api/v1/snapshots': 'lead',
  'PUT /api/v1/snapshots/{date}': 'lead',
  'GET /api/v1/snapshots/policy': 'viewer',
  'PATCH /api/v1/snapshots/policy': 'admin',
  'GET /api/v1/imports/attack': 'viewer',
  'POST /api/v1/imports/attack': 'admin',
  'POST /api/v1/imports/attack/preview': 'admin',
  'POST /api/v1/imports/attack/{id}/undo': 'admin',
  'GET /api/v1/rule-types': 'viewer',
  'GET /api/v1/rules': 'viewer',
  'POST /api/v1/rules': 'lead',
  'POST /api/v1/rules/preview': 'lead',
  'POST /api/v1/rules/backtest': 'lead',
  'GET /api/v1/rules/{id}': 'viewer',
  'GET /api/v1/rules/{id}/measurements': 'viewer',
  'PATCH /api/v1/rules/{id}': 'lead',
  'DELETE /api/v1/rules/{id}': 'lead',
  'GET /api/v1/instances': 'viewer',
  'GET /api/v1/instances/summary': 'viewer',
  'GET /api/v1/instances/{id}': 'viewer',
  'GET /api/v1/instances/{id}/trail': 'viewer',
  'GET /api/v1/instances/{id}/export': 'viewer',
  'POST /api/v1/instances/{id}/acknowledge': 'analyst',
  'POST /api/v1/instances/{id}/resolve': 'lead',
  'POST /api/v1/instances/{id}/dismiss': 'lead',
  'GET /api/v1/notifications': 'viewer',
  'GET /api/v1/notifications/preferences': 'viewer',
  'PUT /api/v1/notifications/preferences': 'viewer',
  'GET /api/v1/notifications/stream': 'viewer',
  'GET /api/v1/notifications/unread-count': 'viewer',
  'POST /api/v1/notifications/read-all': 'viewer',
  'POST /api/v1/notifications/{id}/read': 'viewer',
  'GET /api/v1/webhooks': 'lead',
  'POST /api/v1/webhooks': 'admin',
  'GET /api/v1/webhooks/{id}': 'lead',
  'PATCH /api/v1/webhooks/{id}': 'admin',
  'DELETE /api/v1/webhooks/{id}': 'admin',
  'POST /api/v1/webhooks/{id}/test': 'admin',
  'POST /api/v1/webhooks/{id}/rotate-secret': 'admin',
  'POST /api/v1/webhooks/{id}/recover': 'admin',
  'GET /api/v1/webhooks/{id}/deliveries': 'lead',
  'GET /api/v1/webhooks/{id}/deliveries/{delivery_id}': 'lead',
  'GET /api/v1/webhook-deliveries': 'lead',
  'GET /api/v1/webhook-deliveries/replays': 'lead',
  'POST /api/v1/webhook-deliveries/replays': 'admin',
  'GET /api/v1/webhook-deliveries/{id}': 'lead',
  'POST /api/v1/webhook-deliveries/{id}/replay': 'admin',
  'GET /api/v1/evaluations': 'viewer',
  'POST /api/v1/evaluations': 'lead',
  'GET /api/v1/evaluations/{id}': 'viewer',
  'GET /health/live': 'public',
  'GET /health/ready': 'public',
  'GET /metrics': 'public',
};

const ALLOWED: Record<string, readonly string[]> = {
  viewer: ROLES,
  analyst: ['admin', 'red_lead', 'blue_lead', 'analyst'],
  lead: ['admin', 'red_lead', 'blue_lead'],
  admin: ['admin'],
};

interface DocumentedOperation {
  name: string;
  method: string;
  path: string;
  roles: string[];
  statuses: string[];
}

let world: TwoOrganizations;
let operations: DocumentedOperation[];
const keys: Record<string, string> = {};

beforeAll(async () => {
  world = await startTwoOrganizations();
  const document = (await world.vedette.request('GET', '/docs-json')).body;
  operations = Object.entries(
    document.paths as Record<string, Record<string, { 'x-roles'?: string[]; responses: object }>>,
  ).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      path,
      roles: operation['x-roles'] ?? [],
      statuses: Object.keys(operation.responses),
    })),
  );
  for (const role of ROLES) {
    const { key } = await world.vedette.api('POST', '/api-keys', {
      token: world.theirs.token,
      body: { name: role, role },
    });
    keys[role] = key;
  }
});

afterAll(async () => {
  await world?.stop();
});

/** The path with unknown ids, so that an allowed call does no harm. */
const harmless = (path: string): string =>
  path.replace('{date}', 'never').replace(/\{\w+\}/g, '01900000-0000-7000-8000-000000000000');

it('documents the roles of every route, as the product defines them', () => {
  const documented = Object.fromEntries(operations.map(({ name, roles }) => [name, [...roles].sort()]));
  const expected = Object.fromEntries(
    Object.entries(LEAST).map(([name, least]) => [
      name,
      [...(least === 'public' ? ['public'] : ALLOWED[least]!)].sort(),
    ]),
  );
  expect(documented).toEqual(expected);
});

it('documents the successful response of every operation', () => {
  const without = operations.filter(({ statuses }) => !statuses.some((status) => /^2\d\d$/.test(status)));
  expect(without.map(({ name }) => name)).toEqual([]);
});

it('requires a sign-in on every route that is not public', async () => {
  for (const { method, path, name, roles } of operations.filter(({ roles }) => !roles.includes('public'))) {
    const answer = await world.vedette.request(method, harmless(path));
    expect([name, roles.length > 0, answer.status, answer.body?.code]).toEqual([name, true, 401, 'unauthenticated']);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
  }
});

it('lets the documented roles through and refuses the others', async () => {
  for (const { method, path, name } of operations.filter(({ name }) => LEAST[name] !== 'public')) {
    for (const role of ROLES) {
      const { status } = await world.vedette.request(method, harmless(path), {
        token: keys[role],
        body: method === 'GET' ? undefined : {},
      });
      const isAllowed = ALLOWED[LEAST[name]!]!.includes(role);
      // An API key has neither an inbox nor a password: these routes allow its role, but then refuse it.
      const isForPeople = path.includes('/notifications') || path.endsWith('/auth/password');
      if (isAllowed && !isForPeople) {
        expect([name, role, status === 401 || status === 403]).toEqual([name, role, false]);
      }
      if (!isAllowed) expect([name, role, status]).toEqual([name, role, 403]);
      expect([name, role, status < 500]).toEqual([name, role, true]);
    }
  }
});
