import { readFileSync } from 'node:fs';
import { AuthModule } from '../../src/auth/index.js';
import { NotificationsModule } from '../../src/notifications/index.js';
import { RevalidationModule } from '../../src/revalidation/index.js';
import { RulesModule } from '../../src/rules/index.js';
import { SnapshotsModule } from '../../src/snapshots/index.js';
import { WebhooksModule } from '../../src/webhooks/index.js';
import { aSignedInMember } from '../support/auth-factories.js';
import { anOrganization, aTechnique } from '../support/factories.js';
import { startTestHttp, type Answer, type TestHttp } from '../support/http.js';

type Json = Record<string, unknown>;

interface Schema {
  $ref?: string;
  nullable?: boolean;
  properties?: Record<string, Schema>;
}

interface Operation {
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}

const DOCUMENT = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

const JSON_TYPE = 'application/json';

function propertiesOf(content: Record<string, { schema: Schema }> | undefined): Record<string, Schema> {
  const schema = content?.[JSON_TYPE]?.schema;
  const name = schema?.$ref?.split('/').at(-1);
  return (name === undefined ? schema : DOCUMENT.components.schemas[name])?.properties ?? {};
}

/** The bulk write of posture answers with counts, which no GET shows. */
const NO_RESOURCE = '/api/v1/posture';

/** Every PATCH and PUT whose answer has fields that its request does not have. */
const ROUTES = Object.entries(DOCUMENT.paths)
  .flatMap(([path, operations]) =>
    ['patch', 'put'].flatMap((method) => {
      const operation = operations[method];
      const request = propertiesOf(operation?.requestBody?.content);
      const readOnly = Object.keys(propertiesOf(operation?.responses['200']?.content)).filter(
        (name) => !(name in request),
      );
      return readOnly.length > 0 ? [{ path, method: method.toUpperCase(), request, readOnly }] : [];
    }),
  )
  .filter(({ path }) => path !== NO_RESOURCE);

let http: TestHttp;
let token: string;
let userId: string;
let organizationId: string;

beforeAll(async () => {
  http = await startTestHttp([
    AuthModule,
    NotificationsModule,
    RevalidationModule,
    RulesModule,
    SnapshotsModule,
    WebhooksModule.register(),
  ]);
  await aTechnique(http.database, { attackId: 'T1059', platforms: ['Windows'] });
});

afterAll(() => http.close());

beforeEach(async () => {
  organizationId = await anOrganization(http.database);
  ({ token, userId } = await aSignedInMember(http, organizationId));
});

const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  http.request(method, path, { token, body });

async function created(path: string, body?: Json): Promise<Json> {
  const answer = await call('POST', `/api/v1${path}`, body);
  expect(answer.status).toBe(201);
  return answer.body;
}

/** Creates the resource of each route, and returns the path that changes it and how GET shows it. */
const RESOURCES: Record<string, () => Promise<{ path: string; shown: () => Promise<Json> }>> = {
  '/api/v1/rules/{id}': async () => {
    const { id } = await created('/rules', {
      name: 'Mine',
      rule_type: 'high_risk',
      severity: 'high',
      scope: { platforms: ['Windows'] },
    });
    return direct(`/api/v1/rules/${id as string}`);
  },
  '/api/v1/webhooks/{id}': async () => {
    const { id } = await created('/webhooks', {
      name: 'Chat',
      url: 'https://93.184.216.34/services/SECRET',
      format: 'slack',
      events: ['alert.fired'],
      headers: { 'x-token': 'SECRET' },
    });
    return direct(`/api/v1/webhooks/${id as string}`);
  },
  '/api/v1/users/{id}': async () => {
    const other = await aSignedInMember(http, organizationId, 'viewer');
    return direct(`/api/v1/users/${other.userId}`);
  },
  '/api/v1/revalidation-queue/{id}': async () => {
    const { id } = await created('/revalidation-queue', {
      attack_id: 'T1059',
      reason: 'EDR was replaced',
      assignee_id: userId,
      due_at: '2026-04-01',
    });
    return listed(`/api/v1/revalidation-queue/${id as string}`, '/api/v1/revalidation-queue');
  },
  '/api/v1/revalidation-policy': () => {
    return direct('/api/v1/revalidation-policy', { is_enabled: true, tiers: [{ from_risk: 0, days: 90 }] });
  },
  '/api/v1/snapshots/policy': () => direct('/api/v1/snapshots/policy', { rollup: 'leaf' }),
  '/api/v1/snapshots/{date}': async () => {
    const { date } = await created('/snapshots');
    return listed(`/api/v1/snapshots/${date as string}`, '/api/v1/snapshots');
  },
  '/api/v1/notifications/preferences': () => direct('/api/v1/notifications/preferences', { digest_hour: 5 }),
};

/** @param settings written first, so that the resource does not have its defaults. */
async function direct(path: string, settings?: Json): Promise<{ path: string; shown: () => Promise<Json> }> {
  const { method } = ROUTES.find((route) => route.path === path) ?? {};
  if (settings) expect((await call(method!, path, settings)).status).toBe(200);
  return { path, shown: async () => (await call('GET', path)).body };
}

async function listed(path: string, list: string): Promise<{ path: string; shown: () => Promise<Json> }> {
  return Promise.resolve({ path, shown: async () => (await call('GET', list)).body.items[0] });
}

/** Another value for a read-only field. */
function other(value: unknown): unknown {
  if (typeof value === 'boolean') return !value;
  return value === null || typeof value === 'object' ? 'something' : null;
}

it('has a resource for every route whose answer shows more than its request', () => {
  expect(ROUTES.map(({ path }) => path).sort()).toEqual(Object.keys(RESOURCES).sort());
});

describe.each(ROUTES)('$method $path', ({ path: route, method, request, readOnly }) => {
  it('accepts what GET shows, and changes nothing', async () => {
    const { path, shown } = await RESOURCES[route]!();
    const before = await shown();
    http.clock.advanceMs(60_000);
    expect(await call(method, path, before)).toMatchObject({ status: 200, body: before });
    expect(await shown()).toEqual(before);
  });

  it('refuses another value of each read-only field, by name, and changes nothing', async () => {
    const { path, shown } = await RESOURCES[route]!();
    const before = await shown();
    http.clock.advanceMs(60_000);
    for (const field of readOnly) {
      expect(await call(method, path, { ...before, [field]: other(before[field]) })).toMatchObject({
        status: 400,
        body: { errors: [{ field, message: 'is read-only: leave it out, or send it as GET shows it' }] },
      });
    }
    expect(await shown()).toEqual(before);
  });

  if (method === 'PATCH') {
    it('leaves what cannot be null as it is', async () => {
      const { path, shown } = await RESOURCES[route]!();
      const before = await shown();
      http.clock.advanceMs(60_000);
      const required = Object.keys(request).filter(
        (name) => name in before && before[name] !== null && request[name]!.nullable !== true,
      );
      for (const field of required) {
        expect(await call(method, path, { [field]: null })).toMatchObject({ status: 200, body: before });
      }
      expect(await shown()).toEqual(before);
    });
  }
});

describe('a changed answer of GET', () => {
  it('changes the rule in that field only', async () => {
    const { path, shown } = await RESOURCES['/api/v1/rules/{id}']!();
    const before = await shown();
    http.clock.advanceMs(60_000);
    const changed = { ...before, severity: 'low' };
    expect(await call('PATCH', path, changed)).toMatchObject({
      status: 200,
      body: { ...changed, updated_at: http.clock.now().toISOString() },
    });
  });

  it('keeps the URL of a webhook, of which GET shows only a part', async () => {
    const { path, shown } = await RESOURCES['/api/v1/webhooks/{id}']!();
    const stored = (): Promise<unknown[]> =>
      http.database.query('SELECT url FROM webhook_endpoint WHERE organization_id = $1', [organizationId]);
    const before = await stored();
    expect((await call('PATCH', path, { ...(await shown()), name: 'Other' })).body.name).toBe('Other');
    expect(await stored()).toEqual(before);
  });

  it('keeps settings of a rule that cannot be null', async () => {
    const { path, shown } = await RESOURCES['/api/v1/rules/{id}']!();
    const { config } = await shown();
    expect((await call('PATCH', path, { config: { min_count: null } })).body.config).toEqual(config);
  });
});
