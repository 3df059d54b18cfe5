import { AuthModule } from '../../src/auth/index.js';
import { Transactions } from '../../src/database/index.js';
import { RulesModule, SystemRulesService } from '../../src/rules/index.js';
import { aSignedInMember } from '../support/auth-factories.js';
import { anEndpoint } from '../support/engine-factories.js';
import { anOrganization } from '../support/factories.js';
import { startTestHttp, type Answer, type TestHttp } from '../support/http.js';

const TABLE = [
  ['Critical Risk Techniques', 'high_risk', 'critical', { min_risk_score: 75, min_count: 3 }, 24],
  ['High-Risk Technique Spike', 'high_risk', 'high', { min_risk_score: 50, min_count: 10 }, 24],
  ['Stale Technique Detection', 'stale_technique', 'medium', { days_stale: 30, min_count: 5 }, 48],
  ['Coverage Regression', 'coverage_regression', 'high', { min_drop_pct: 5 }, 12],
  ['Low Coverage Warning', 'low_coverage', 'medium', { max_coverage_pct: 30 }, 72],
  ['Revalidation Queue Backlog', 'expiry_wave', 'medium', { min_pending_count: 15 }, 24],
  ['New MITRE Techniques Detected', 'new_technique', 'info', { lookback_days: 7, min_count: 1 }, 168],
  ['Orphan Technique Spike', 'orphan_spike', 'low', { min_orphan_count: 20 }, 48],
];

let http: TestHttp;
let organizationId: string;
let token: string;
let userId: string;

beforeAll(async () => {
  http = await startTestHttp([AuthModule, RulesModule]);
});

afterAll(async () => {
  await http.close();
});

beforeEach(async () => {
  organizationId = await anOrganization(http.database);
  ({ token, userId } = await aSignedInMember(http, organizationId, 'red_lead'));
});

const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  http.request(method, `/api/v1${path}`, { token, body });

function seed(): Promise<number> {
  return http.app
    .get(Transactions, { strict: false })
    .run((manager) => http.app.get(SystemRulesService, { strict: false }).seed(manager));
}

async function created(changes: Record<string, unknown> = {}): Promise<Answer['body']> {
  const answer = await call('POST', '/rules', { name: 'Mine', rule_type: 'high_risk', severity: 'high', ...changes });
  expect(answer.status).toBe(201);
  return answer.body;
}

/** @returns the field and the message of the only error in the 400 answer. */
async function refusal(method: string, path: string, body: unknown): Promise<[string, string]> {
  const { status, body: problem } = await call(method, path, body);
  expect(status).toBe(400);
  expect(problem.errors).toHaveLength(1);
  return [problem.errors[0].field, problem.errors[0].message];
}

describe('system rules', () => {
  it('are the eight rules of the table, in the same order, for every organisation', async () => {
    await seed();
    const { items, total } = (await call('GET', '/rules')).body;
    expect(total).toBe(8);
    expect(
      items.map((rule: Record<string, unknown>) => [
        rule.name,
        rule.rule_type,
        rule.severity,
        rule.config,
        rule.cooldown_hours,
      ]),
    ).toEqual(TABLE);
    expect(
      items.every((rule: Record<string, unknown>) => rule.is_system && rule.is_enabled && rule.created_by === null),
    ).toBe(true);
  });

  it('are created once, and keep the changes of an admin', async () => {
    await seed();
    const [first] = (await call('GET', '/rules')).body.items;
    await call('PATCH', `/rules/${first.id}`, { name: 'Renamed', config: { min_count: 7 }, is_enabled: false });
    await seed();
    const { items, total } = (await call('GET', '/rules?include_disabled=true')).body;
    expect(total).toBe(8);
    expect(items[0]).toMatchObject({
      name: 'Renamed',
      config: { min_risk_score: 75, min_count: 7 },
      is_enabled: false,
    });
  });

  it('cannot be deleted, and the error suggests disabling them', async () => {
    await seed();
    const [first] = (await call('GET', '/rules')).body.items;
    const answer = await call('DELETE', `/rules/${first.id}`);
    expect(answer).toMatchObject({
      status: 409,
      body: { code: 'system_rule', detail: expect.stringContaining('disable it instead') },
    });
    expect((await call('GET', `/rules/${first.id}`)).status).toBe(200);
  });
});

describe('creating a rule', () => {
  it('adds defaults for missing fields, and returns the same rule as a later GET', async () => {
    const rule = await created();
    expect(rule).toEqual({
      id: expect.any(String),
      name: 'Mine',
      description: '',
      rule_type: 'high_risk',
      severity: 'high',
      config: { min_risk_score: 75, min_count: 1 },
      scope: null,
      cooldown_hours: 24,
      evaluation_interval_minutes: null,
      is_enabled: true,
      is_system: false,
      notify_in_app: true,
      notify_webhook: false,
      webhook_id: null,
      on_repeat: 'new_instance',
      last_fired_at: null,
      last_evaluated_at: null,
      last_error: null,
      created_by: userId,
      created_at: http.clock.now().toISOString(),
      updated_at: http.clock.now().toISOString(),
    });
    expect((await call('GET', `/rules/${rule.id}`)).body).toEqual(rule);
  });

  it.each([
    ['name', { name: '' }],
    ['name', { name: '   ' }],
    ['name', { name: 'x'.repeat(201) }],
    ['name', { name: 'two\nlines' }],
    ['rule_type', { rule_type: 'moon_phase' }],
    ['severity', { severity: 'dire' }],
    ['config.min_count', { config: { min_count: 0 } }],
    ['config.min_count', { config: { min_count: 1.5 } }],
    ['config.min_count', { config: { min_count: '3' } }],
    ['config.min_count', { config: { min_count: null } }],
    ['config.min_risk_score', { config: { min_risk_score: 100.5 } }],
    ['config.min_cuont', { config: { min_cuont: 3 } }],
    ['config', { config: [] }],
    ['cooldown_hours', { cooldown_hours: -1 }],
    ['cooldown_hours', { cooldown_hours: 8761 }],
    ['evaluation_interval_minutes', { evaluation_interval_minutes: 0 }],
    ['evaluation_interval_minutes', { evaluation_interval_minutes: 1.5 }],
    ['is_enabled', { is_enabled: 'yes' }],
    ['webhook_id', { webhook_id: 'none' }],
    ['webhook_id', { webhook_id: '01900000-0000-7000-8000-000000000000' }],
    ['webhook_id', { notify_webhook: true }],
    ['webhook_id', { notify_webhook: true, webhook_id: null }],
    ['on_repeat', { on_repeat: 'shout' }],
    ['colour', { colour: 'red' }],
  ])('refuses a bad %s: %j', async (field, changes) => {
    const [named, message] = await refusal('POST', '/rules', {
      name: 'Mine',
      rule_type: 'high_risk',
      severity: 'high',
      ...changes,
    });
    expect(named).toBe(field);
    expect(message).toMatch(/^(must|is|cannot) /);
    expect((await call('GET', '/rules')).body.total).toBe(0);
  });

  it.each([
    [{ min_risk_score: 90 }, 'min_risk_score', 'belongs in config, not here'],
    [{ tactics: ['execution'] }, 'tactics', 'belongs in scope, not here'],
    [{ config: { cooldown_hours: 1 } }, 'config.cooldown_hours', 'belongs at the top level of the request, not here'],
    [{ scope: { severity: 'low' } }, 'scope.severity', 'belongs at the top level of the request, not here'],
    [{ scope: { min_count: 3 } }, 'scope.min_count', 'belongs in config, not here'],
    [{ colour: 'red' }, 'colour', 'is not a known field'],
    [{ scope: { colour: 'red' } }, 'scope.colour', 'is not a known field'],
  ])('says where a field of %j belongs, if it has a place', async (changes, field, message) => {
    const body = { name: 'Mine', rule_type: 'high_risk', severity: 'high', ...changes };
    expect(await refusal('POST', '/rules', body)).toEqual([field, message]);
    const rule = await created();
    expect(await refusal('PATCH', `/rules/${rule.id}`, changes)).toEqual([field, message]);
  });

  it('accepts a webhook of the same organisation', async () => {
    const webhookId = await anEndpoint(http.database, organizationId);
    expect(await created({ webhook_id: webhookId, notify_webhook: true })).toMatchObject({ webhook_id: webhookId });
  });
});

describe('changing a rule', () => {
  it('changes only the fields of the request, also inside config', async () => {
    const rule = await created({ config: { min_risk_score: 62.5, min_count: 4 }, description: 'why' });
    http.clock.advanceMs(1_000);
    const answer = await call('PATCH', `/rules/${rule.id}`, { config: { min_count: 9 }, severity: 'low' });
    expect(answer.body).toEqual({
      ...rule,
      severity: 'low',
      config: { min_risk_score: 62.5, min_count: 9 },
      updated_at: http.clock.now().toISOString(),
    });
  });

  it('refuses another type, and changes nothing if a setting is invalid', async () => {
    const rule = await created();
    expect(await refusal('PATCH', `/rules/${rule.id}`, { rule_type: 'low_coverage' })).toEqual([
      'rule_type',
      'cannot be changed from high_risk; create another rule instead',
    ]);
    expect((await refusal('PATCH', `/rules/${rule.id}`, { name: 'New', config: { min_count: -1 } }))[0]).toBe(
      'config.min_count',
    );
    expect((await call('GET', `/rules/${rule.id}`)).body).toEqual(rule);
    expect((await call('PATCH', `/rules/${rule.id}`, { rule_type: 'high_risk' })).status).toBe(200);
  });

  it('refuses a rule that would notify a webhook without having one', async () => {
    const rule = await created();
    const webhookId = await anEndpoint(http.database, organizationId);
    const refused = ['webhook_id', 'must be the id of a webhook of this organisation while notify_webhook is true'];
    expect(await refusal('PATCH', `/rules/${rule.id}`, { notify_webhook: true })).toEqual(refused);
    expect((await call('GET', `/rules/${rule.id}`)).body).toEqual(rule);
    await call('PATCH', `/rules/${rule.id}`, { notify_webhook: true, webhook_id: webhookId });
    expect(await refusal('PATCH', `/rules/${rule.id}`, { webhook_id: null })).toEqual(refused);
    expect((await call('PATCH', `/rules/${rule.id}`, { notify_webhook: false, webhook_id: null })).body).toMatchObject({
      notify_webhook: false,
      webhook_id: null,
    });
  });

  it('still changes a rule whose webhook was deleted', async () => {
    const webhookId = await anEndpoint(http.database, organizationId);
    const rule = await created({ notify_webhook: true, webhook_id: webhookId });
    await http.database.query('DELETE FROM webhook_endpoint WHERE id = $1', [webhookId]);
    expect(await call('PATCH', `/rules/${rule.id}`, { name: 'Other' })).toMatchObject({
      status: 200,
      body: { name: 'Other', notify_webhook: true, webhook_id: null },
    });
    expect((await call('PATCH', `/rules/${rule.id}`, { notify_webhook: true, webhook_id: null })).status).toBe(200);
  });

  it('makes the rule due at once, except while it is disabled', async () => {
    const rule = await created();
    const due = async (): Promise<Date | null> =>
      (
        await http.database.query<{ next_evaluation_at: Date | null }>(
          'SELECT next_evaluation_at FROM rule_standing WHERE rule_id = $1',
          [rule.id],
        )
      )[0]!.next_evaluation_at;
    await http.database.query(`UPDATE rule_schedule SET next_evaluation_at = '2099-01-01'`);
    await call('PATCH', `/rules/${rule.id}`, { config: { min_count: 2 } });
    expect(await due()).toEqual(http.clock.now());
    await call('PATCH', `/rules/${rule.id}`, { is_enabled: false });
    expect(await due()).toBeNull();
    await call('PATCH', `/rules/${rule.id}`, { is_enabled: true });
    expect(await due()).toEqual(http.clock.now());
  });
});

describe('listing and deleting', () => {
  it('lists oldest first, in pages, by type, and without disabled rules by default', async () => {
    for (const [index, changes] of [{}, { rule_type: 'low_coverage' }, { is_enabled: false }, {}].entries()) {
      await created({ name: `Rule ${index}`, ...changes });
      http.clock.advanceMs(1);
    }
    const names = async (query: string): Promise<string[]> =>
      (await call('GET', `/rules${query}`)).body.items.map((rule: { name: string }) => rule.name);
    expect(await names('')).toEqual(['Rule 0', 'Rule 1', 'Rule 3']);
    expect(await names('?include_disabled=true')).toEqual(['Rule 0', 'Rule 1', 'Rule 2', 'Rule 3']);
    expect(await names('?rule_type=low_coverage')).toEqual(['Rule 1']);
    const first = (await call('GET', '/rules?limit=2')).body;
    expect(first).toMatchObject({ total: 3, items: [{ name: 'Rule 0' }, { name: 'Rule 1' }] });
    const second = (await call('GET', `/rules?limit=2&cursor=${first.next_cursor}`)).body;
    expect(second).toMatchObject({ total: 3, items: [{ name: 'Rule 3' }], next_cursor: null });
  });

  it('keeps the alerts of a deleted rule', async () => {
    const rule = await created();
    await http.database.query(
      `INSERT INTO alert_instance (id, organization_id, rule_id, rule_name, rule_type, severity, title, message, details, last_occurred_at, created_at)
       VALUES (gen_random_uuid(), $1, $2, 'Mine', 'high_risk', 'high', 't', 'm', '{}', now(), now())`,
      [organizationId, rule.id],
    );
    expect((await call('DELETE', `/rules/${rule.id}`)).status).toBe(204);
    expect((await call('GET', `/rules/${rule.id}`)).status).toBe(404);
    expect(
      await http.database.query('SELECT rule_id FROM alert_instance WHERE organization_id = $1', [organizationId]),
    ).toEqual([{ rule_id: rule.id }]);
  });

  it('accepts optional settings, removes them with null, and explains invalid values', async () => {
    const body = { name: 'Slow', rule_type: 'coverage_regression', severity: 'low', config: { window_days: 30 } };
    const slow = await call('POST', '/rules', body);
    expect([slow.status, slow.body.config]).toEqual([201, { min_drop_pct: 5, window_days: 30 }]);
    const change = (config: object) => call('PATCH', `/rules/${slow.body.id}`, { config });
    expect((await change({ min_drop_from_peak_pct: 7.5 })).body.config).toEqual({
      min_drop_pct: 5,
      window_days: 30,
      min_drop_from_peak_pct: 7.5,
    });
    const alone = await change({ window_days: null });
    expect([alone.status, alone.body.errors]).toEqual([
      400,
      [
        {
          field: 'config.window_days',
          message: 'must be given with min_drop_from_peak_pct: a whole number of days from 1 to 400',
        },
      ],
    ]);
    expect((await change({ window_days: null, min_drop_from_peak_pct: null })).body.config).toEqual({
      min_drop_pct: 5,
    });
    const kinds = await call('POST', '/rules', {
      name: 'Major',
      rule_type: 'new_technique',
      severity: 'info',
      config: { kinds: ['major', 'renamed'] },
    });
    expect([kinds.status, kinds.body.errors]).toEqual([
      400,
      [{ field: 'config.kinds', message: 'must be a list of one or more of added, major, minor, metadata, or null' }],
    ]);
  });

  it('lists every rule type with the data that a form needs', async () => {
    const { items } = (await call('GET', '/rule-types')).body;
    expect(items.map((type: { type: string }) => type.type).sort()).toEqual(
      [
        'coverage_regression',
        'expiry_wave',
        'high_risk',
        'low_coverage',
        'new_technique',
        'orphan_spike',
        'stale_technique',
      ].sort(),
    );
    for (const type of items) {
      for (const [key, property] of Object.entries<Record<string, unknown>>(type.config_schema.properties)) {
        expect(property).toMatchObject({
          title: expect.any(String),
          description: expect.any(String),
          ...(['number', 'integer'].includes(property.type as string) ? { minimum: expect.any(Number) } : {}),
        });
        expect(type.defaults[key]).toBe(property.default);
      }
    }
  });
});
