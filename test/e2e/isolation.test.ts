import { startTwoOrganizations, type FilledOrganization, type TwoOrganizations } from '../support/two-organizations.js';

interface Operation {
  method: string;
  path: string;
}

let world: TwoOrganizations;
let operations: Operation[];

beforeAll(async () => {
  world = await startTwoOrganizations();
  const document = (await world.vedette.request('GET', '/docs-json')).body;
  operations = Object.entries(document.paths as Record<string, Record<string, unknown>>).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path })),
  );
});

afterAll(async () => {
  await world?.stop();
});

/**
 * The other organisation's ids, by the path that takes them. A path that is missing here fails the test, so that no
 * route is forgotten.
 */
const THEIRS: Record<string, (theirs: FilledOrganization) => string> = {
  '/api/v1/rules/{id}': ({ ruleId }) => `/rules/${ruleId}`,
  '/api/v1/rules/{id}/measurements': ({ ruleId }) => `/rules/${ruleId}/measurements`,
  '/api/v1/instances/{id}': ({ instanceId }) => `/instances/${instanceId}`,
  '/api/v1/instances/{id}/trail': ({ instanceId }) => `/instances/${instanceId}/trail`,
  '/api/v1/instances/{id}/export': ({ instanceId }) => `/instances/${instanceId}/export`,
  '/api/v1/posture/imports/{id}': ({ importId }) => `/posture/imports/${importId}`,
  '/api/v1/posture/imports/{id}/changes': ({ importId }) => `/posture/imports/${importId}/changes`,
  '/api/v1/posture/imports/{id}/apply': ({ importId }) => `/posture/imports/${importId}/apply`,
  '/api/v1/posture/imports/{id}/undo': ({ importId }) => `/posture/imports/${importId}/undo`,
  '/api/v1/instances/{id}/acknowledge': ({ instanceId }) => `/instances/${instanceId}/acknowledge`,
  '/api/v1/instances/{id}/resolve': ({ instanceId }) => `/instances/${instanceId}/resolve`,
  '/api/v1/instances/{id}/dismiss': ({ instanceId }) => `/instances/${instanceId}/dismiss`,
  '/api/v1/notifications/{id}/read': ({ notificationId }) => `/notifications/${notificationId}/read`,
  '/api/v1/webhooks/{id}': ({ webhookId }) => `/webhooks/${webhookId}`,
  '/api/v1/webhooks/{id}/test': ({ webhookId }) => `/webhooks/${webhookId}/test`,
  '/api/v1/webhooks/{id}/rotate-secret': ({ webhookId }) => `/webhooks/${webhookId}/rotate-secret`,
  '/api/v1/webhooks/{id}/recover': ({ webhookId }) => `/webhooks/${webhookId}/recover`,
  '/api/v1/webhook-deliveries/{id}': ({ deliveryId }) => `/webhook-deliveries/${deliveryId}`,
  '/api/v1/webhook-deliveries/{id}/replay': ({ deliveryId }) => `/webhook-deliveries/${deliveryId}/replay`,
  '/api/v1/webhooks/{id}/deliveries': ({ webhookId }) => `/webhooks/${webhookId}/deliveries`,
  '/api/v1/webhooks/{id}/deliveries/{delivery_id}': ({ webhookId, deliveryId }) =>
    `/webhooks/${webhookId}/deliveries/${deliveryId}`,
  '/api/v1/api-keys/{id}': ({ apiKeyId }) => `/api-keys/${apiKeyId}`,
  '/api/v1/users/{id}': ({ adminId }) => `/users/${adminId}`,
  '/api/v1/revalidation-queue/{id}': ({ queueItemId }) => `/revalidation-queue/${queueItemId}`,
  '/api/v1/evaluations/{id}': ({ evaluationId }) => `/evaluations/${evaluationId}`,
};

/** Paths whose parameter does not belong to an organisation: the shared catalogue and its imports, and a day. */
const SHARED = [
  '/api/v1/techniques/{id}',
  '/api/v1/techniques/{id}/history',
  '/api/v1/imports/attack/{id}/undo',
  '/api/v1/snapshots/{date}',
];

/** Paths whose response never ends; their own tests cover them. */
const ENDLESS = ['/api/v1/notifications/stream'];

/** Valid bodies, so that only the ownership of an id can cause a refusal. */
const BODIES: Record<string, unknown> = {
  'PATCH /api/v1/rules/{id}': { name: 'taken over' },
  'PATCH /api/v1/webhooks/{id}': { name: 'taken over' },
  'POST /api/v1/webhooks/{id}/recover': { dry_run: false },
  'PATCH /api/v1/users/{id}': { role: 'viewer' },
  'PATCH /api/v1/revalidation-queue/{id}': { status: 'cancelled' },
};

/** Every row of an organisation as text, except rows that its own requests and the engine's passes change. */
async function everythingOf(organizationId: string): Promise<string> {
  const tables = await world.database.query<{ table_name: string }>(
    `SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'organization_id' ORDER BY table_name`,
  );
  const parts = [];
  for (const { table_name: table } of tables) {
    if (
      [
        'rule_measurement',
        'rule_schedule',
        'rule_standing',
        'rule_state',
        'evaluation_run',
        'posture_change',
        'refresh_session',
        'webhook_delivery',
        'webhook_attempt',
        'webhook_event',
        'webhook_endpoint_health',
      ].includes(table)
    ) {
      continue;
    }
    const rows = await world.database.query<{ row: string }>(
      `SELECT t::text AS row FROM ${table} t WHERE organization_id = $1 ORDER BY t::text`,
      [organizationId],
    );
    parts.push(table, ...rows.map(({ row }) => row));
  }
  return parts.join('\n');
}

it('answers 404 for every id of the other organisation, on every route with an id, and changes nothing', async () => {
  const before = await everythingOf(world.theirs.organizationId);
  const withIds = operations.filter(({ path }) => path.includes('{') && !SHARED.includes(path));
  expect(withIds.length).toBeGreaterThan(15);
  const refusals: Record<string, number> = {};
  for (const { method, path } of withIds) {
    const fill = THEIRS[path];
    if (!fill) throw new Error(`${path} takes an id: add an entry for it to THEIRS`);
    const answer = await world.vedette.request(method, `/api/v1${fill(world.theirs)}`, {
      token: world.ours.token,
      body: BODIES[`${method} ${path}`],
    });
    refusals[`${method} ${path}`] = answer.status;
  }
  expect(refusals).toEqual(Object.fromEntries(Object.keys(refusals).map((operation) => [operation, 404])));
  expect(await everythingOf(world.theirs.organizationId)).toBe(before);
});

it('gives the same answer for an id of the other organisation as for an unknown id', async () => {
  const unknown = '01900000-0000-7000-8000-000000000000';
  for (const [theirs, none] of [
    [`/rules/${world.theirs.ruleId}`, `/rules/${unknown}`],
    [`/instances/${world.theirs.instanceId}`, `/instances/${unknown}`],
    [`/webhooks/${world.theirs.webhookId}`, `/webhooks/${unknown}`],
    [`/users/${world.theirs.adminId}`, `/users/${unknown}`],
  ] as const) {
    const [one, other] = await Promise.all(
      [theirs, none].map((path) => world.vedette.request('GET', `/api/v1${path}`, { token: world.ours.token })),
    );
    const blank = (text: string, id: string): string => text.replaceAll(id, 'ID');
    expect(blank(one!.body.detail, theirs.split('/').pop()!)).toBe(blank(other!.body.detail, unknown));
  }
});

it('lists nothing of the other organisation, on any route that answers without an id', async () => {
  const theirs = Object.values(world.theirs).filter((value) => value !== world.theirs.token);
  const lists = operations.filter(
    ({ method, path }) =>
      method === 'GET' && !path.includes('{') && path.startsWith('/api/v1/') && !ENDLESS.includes(path),
  );
  expect(lists.length).toBeGreaterThan(10);
  for (const { path } of lists) {
    const answer = await world.vedette.request('GET', `${path}?limit=500`, { token: world.ours.token });
    const whole =
      answer.status === 400 ? await world.vedette.request('GET', path, { token: world.ours.token }) : answer;
    expect([path, whole.status]).toEqual([path, 200]);
    const text = JSON.stringify(whole.body);
    expect([path, theirs.filter((id) => text.includes(id))]).toEqual([path, []]);
    expect([path, text.includes('/theirs')]).toEqual([path, false]);
  }
});

it('shows the shared catalogue with its own posture only', async () => {
  await world.vedette.api('PUT', '/posture', {
    token: world.ours.token,
    body: { items: [{ attack_id: 'T1003', risk_score: 11 }] },
  });
  const ofTheirs = await world.vedette.api('GET', '/techniques/T1003', { token: world.theirs.token });
  expect(ofTheirs).toMatchObject({ attack_id: 'T1003', risk_score: null });
  const history = (token: string): Promise<{ items: { risk_score: number | null }[] }> =>
    world.vedette.api('GET', '/techniques/T1003/history', { token });
  expect((await history(world.ours.token)).items.map(({ risk_score: score }) => score)).toEqual([11, null]);
  expect((await history(world.theirs.token)).items.map(({ risk_score: score }) => score)).toEqual([null]);
});

it('refuses a reference to an object of the other organisation, and names the field', async () => {
  const { ours, theirs, vedette } = world;
  const attempts: [string, string, unknown, string][] = [
    [
      'POST',
      '/rules',
      { name: 'x', rule_type: 'high_risk', severity: 'low', webhook_id: theirs.webhookId },
      'webhook_id',
    ],
    ['PATCH', `/rules/${ours.ruleId}`, { webhook_id: theirs.webhookId }, 'webhook_id'],
    ['PUT', '/posture', { items: [{ attack_id: 'T1003', owner_id: theirs.adminId }] }, 'items[0].owner_id'],
    ['PUT', '/posture', { items: [{ attack_id: 'T1003', owner_email: theirs.email }] }, 'items[0].owner_email'],
    ['POST', '/revalidation-queue', { attack_id: 'T1003', assignee_id: theirs.adminId }, 'assignee_id'],
    ['PATCH', `/revalidation-queue/${ours.queueItemId}`, { assignee_id: theirs.adminId }, 'assignee_id'],
    ['PATCH', `/rules/${ours.ruleId}`, { scope: { owners: [theirs.adminId] } }, 'scope.owners[0]'],
    ['POST', '/rules/preview', { rule_type: 'high_risk', scope: { owners: [theirs.adminId] } }, 'scope.owners[0]'],
  ];
  for (const [method, path, body, field] of attempts) {
    const answer = await vedette.request(method, `/api/v1${path}`, { token: ours.token, body });
    expect([path, answer.status, answer.body.errors?.[0]?.field]).toEqual([path, 400, field]);
  }
});

it('sends no notification to the other organisation, in the app or by webhook', async () => {
  const before = world.receiver.requests.filter(({ path }) => path === '/theirs').length;
  const noticesBefore = (await world.vedette.api('GET', '/notifications', { token: world.theirs.token })).total;
  const { alerts } = await world.vedette.api('POST', '/evaluations', { token: world.ours.token });
  expect(alerts.length).toBeGreaterThan(0);
  await world.receiver.received('/ours', 2);
  const ofAlert = await world.database.query('SELECT DISTINCT organization_id FROM notification WHERE alert_id = $1', [
    alerts[0].id,
  ]);
  expect(ofAlert).toEqual([{ organization_id: world.ours.organizationId }]);
  const received = world.receiver.requests.filter(
    ({ path, body }) => path === '/theirs' && body.includes(alerts[0].id),
  );
  expect(received).toEqual([]);
  expect((await world.vedette.api('GET', '/notifications', { token: world.theirs.token })).total).toBe(noticesBefore);
  expect(world.receiver.requests.filter(({ path }) => path === '/theirs').length).toBe(before);
});

it('gives the same answer to the link of an alert, which needs no sign-in, whether the alert exists or not', async () => {
  const follow = (path: string): Promise<Response> => fetch(world.vedette.url + path, { redirect: 'manual' });
  const ids = [world.theirs.instanceId, '01900000-0000-7000-8000-000000000000'];
  for (const id of ids) {
    const answer = await follow(`/alerts/${id}`);
    expect([answer.status, answer.headers.get('location')]).toEqual([
      302,
      `../docs?alert_id=${id}#/instances/Instances_get`,
    ]);
  }
  // The link leads to the explorer and its operation that reads an alert.
  expect((await world.vedette.request('GET', `/docs?alert_id=${ids[0]}`)).status).toBe(200);
  const { paths } = (await world.vedette.request('GET', '/docs-json')).body;
  expect(paths['/api/v1/instances/{id}'].get).toMatchObject({ operationId: 'Instances_get', tags: ['instances'] });
  const none = await world.vedette.request('GET', '/alerts/..%2f..%2fdocs');
  expect([none.status, none.body.code]).toEqual([404, 'not_found']);
});

it('lets only the operator load a release into the shared catalogue', async () => {
  const answer = await world.vedette.request('POST', '/api/v1/imports/attack', {
    token: world.ours.token,
    body: '{"type": "bundle", "objects": []}',
    headers: { 'content-type': 'application/json' },
  });
  expect(answer.status).toBe(403);
  const [made] = (await world.vedette.api('GET', '/imports/attack', { token: world.ours.token })).items;
  expect(made).toMatchObject({ undone_at: null, carried_over: null });
  const undo = await world.vedette.request('POST', `/api/v1/imports/attack/${made.id}/undo`, {
    token: world.ours.token,
  });
  expect([undo.status, undo.body.detail]).toEqual([
    403,
    "the ATT&CK catalogue is shared by all organisations: only admins of the operator's organisation may undo an import of it",
  ]);
});

it('gives no token for an organisation to a user who is not a member', async () => {
  const answer = await world.vedette.request('POST', '/api/v1/auth/login', {
    body: {
      email: 'admin@vedette.local',
      password: 'the admin of the tests',
      organization_id: world.ours.organizationId,
    },
  });
  expect(answer.status).toBe(401);
});
