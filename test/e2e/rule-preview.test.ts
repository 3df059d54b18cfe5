import { startTwoOrganizations, type TwoOrganizations } from '../support/two-organizations.js';
import type { HttpAnswer } from '../support/vedette-process.js';

const HOUR_MS = 3_600_000;

let world: TwoOrganizations;

beforeAll(async () => {
  world = await startTwoOrganizations();
});

afterAll(async () => {
  await world?.stop();
});

const send = (path: string, body: unknown): Promise<HttpAnswer> =>
  world.vedette.request('POST', `/api/v1${path}`, { token: world.ours.token, body });

it('predicts the result of the evaluation', async () => {
  const rule = { rule_type: 'high_risk', config: { min_risk_score: 42 }, severity: 'critical' };
  const { status, body: preview } = await send('/rules/preview', rule);
  expect(status).toBe(200);
  expect(preview).toMatchObject({
    rule: { rule_id: null, rule_type: 'high_risk', config: { min_risk_score: 42, min_count: 1 }, cooldown_hours: 24 },
    outcome: 'fired',
    would_fire: true,
    in_cooldown: false,
    measured: 1,
    threshold: 1,
    breached: true,
    details: { count: 1, top_attack_ids: ['T1059'], top_scores: [42] },
    error: null,
    told: { people: 1, people_in_app: 1, people_by_email: 0, endpoints: [{ id: world.ours.webhookId }] },
  });

  const created = await world.vedette.api('POST', '/rules', {
    token: world.ours.token,
    body: { name: 'tried', ...rule },
  });
  await world.vedette.api('POST', '/evaluations', { token: world.ours.token });
  const alert = await world.alertOf(created.id);
  expect(alert).toMatchObject({ title: preview.title, message: preview.message, details: preview.details });
  expect((await send('/rules/preview', { rule_id: created.id })).body).toMatchObject({
    outcome: 'cooldown',
    would_fire: false,
    in_cooldown: true,
    measured: 1,
    breached: true,
  });
});

it('replays the past of a rule, and of a change to it', async () => {
  const from = new Date(Date.now() - 5 * HOUR_MS).toISOString();
  const to = new Date(Date.now() - HOUR_MS).toISOString();
  const { status, body } = await send('/rules/backtest', { rule_id: world.ours.ruleId, from, to, step: 'hour' });
  expect(status).toBe(200);
  expect(body).toMatchObject({ from, summary: { fired: 0, people_told: 0, notices: 0, webhooks: 0 }, firings: [] });
  expect(body.points).toHaveLength(5);
  // The hours before the organisation existed have no history.
  expect(body.points[0]).toEqual({ at: from, measured: 0, threshold: 1, breached: false, outcome: 'clear' });
  expect(Date.parse(body.known_since)).toBeGreaterThan(Date.parse(body.to));

  const since = new Date(Date.parse(body.known_since) + 1).toISOString();
  const now = await send('/rules/backtest', {
    rule_id: world.ours.ruleId,
    config: { min_orphan_count: 2 },
    from: since,
  });
  expect(now.body).toMatchObject({
    rule: { rule_id: world.ours.ruleId, config: { min_orphan_count: 2 } },
    summary: { fired: 1, people_told: 1, notices: 1, webhooks: 1 },
    firings: [{ at: since, outcome: 'fired', title: expect.stringContaining('no owner') }],
  });
});

it.each<[string, object, string]>([
  ['preview', {}, 'rule_type'],
  ['preview', { rule_type: 'moon_phase' }, 'rule_type'],
  ['preview', { rule_type: 'high_risk', config: { min_count: 0 } }, 'config.min_count'],
  ['preview', { rule_type: 'high_risk', config: { moon: 1 } }, 'config.moon'],
  ['preview', { rule_type: 'high_risk', config: 'low' }, 'config'],
  ['preview', { rule_type: 'high_risk', at: 'yesterday' }, 'at'],
  ['preview', { rule_type: 'high_risk', at: '2999-01-01' }, 'at'],
  ['preview', { rule_type: 'high_risk', severity: 'severe' }, 'severity'],
  ['preview', { rule_type: 'high_risk', cooldown_hours: -1 }, 'cooldown_hours'],
  ['preview', { rule_type: 'high_risk', name: 'x' }, 'name'],
  ['backtest', { rule_type: 'high_risk' }, 'from'],
  ['backtest', { rule_type: 'high_risk', from: '2999-01-01' }, 'from'],
  ['backtest', { rule_type: 'high_risk', from: '2026-01-02', to: '2026-01-01' }, 'from'],
  ['backtest', { rule_type: 'high_risk', from: '2026-01-01', to: '2999-01-01' }, 'to'],
  ['backtest', { rule_type: 'high_risk', from: '2026-01-01', step: 'P1D' }, 'step'],
  ['backtest', { rule_type: 'high_risk', from: '2000-01-01', step: 'hour' }, 'step'],
])('a %s of %j is refused with an error on %s', async (what, body, field) => {
  const answer = await send(`/rules/${what}`, body);
  expect([answer.status, answer.body.code, answer.body.errors?.[0]?.field]).toEqual([400, 'invalid_input', field]);
});

it.each(['preview', 'backtest'])('a %s does not find a rule or a webhook of another organisation', async (what) => {
  const from = '2026-01-01';
  const span = what === 'backtest' ? { from, to: '2026-01-02' } : {};
  const theirs = await send(`/rules/${what}`, { rule_id: world.theirs.ruleId, ...span });
  const unknown = await send(`/rules/${what}`, { rule_id: '01900000-0000-7000-8000-000000000000', ...span });
  expect([theirs.status, unknown.status]).toEqual([404, 404]);
  const { status, body } = await send(`/rules/${what}`, {
    rule_type: 'high_risk',
    notify_webhook: true,
    webhook_id: world.theirs.webhookId,
    ...span,
  });
  expect([status, body.errors?.[0]?.field]).toEqual([400, 'webhook_id']);
});
