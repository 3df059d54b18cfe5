import { startTwoOrganizations, type TwoOrganizations } from '../support/two-organizations.js';
import type { HttpAnswer } from '../support/vedette-process.js';

let world: TwoOrganizations;

beforeAll(async () => {
  world = await startTwoOrganizations();
});

afterAll(async () => {
  await world?.stop();
});

const call = (method: string, path: string, body?: unknown): Promise<HttpAnswer['body']> =>
  world.vedette.api(method, path, { token: world.ours.token, body });

/** The payload that our webhook receives for the alert. */
async function sentToOurWebhook(alertId: string): Promise<unknown> {
  for (;;) {
    const found = world.receiver.requests.find(({ path, body }) => path === '/ours' && body.includes(alertId));
    if (found) return (JSON.parse(found.body) as { data: unknown }).data;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it('evaluates a rule within its scope, as in the preview, and sends the scope to webhooks', async () => {
  await call('PUT', '/posture', {
    items: [
      { attack_id: 'T1078', risk_score: 91, tags: ['Crown Jewels'] },
      { attack_id: 'T1078.001', risk_score: 92, tags: ['crown jewels'] },
      { attack_id: 'T1190', risk_score: 93 },
      { attack_id: 'T1003', risk_score: 94, tags: ['crown jewels'] },
    ],
  });
  const rule = {
    rule_type: 'high_risk',
    severity: 'critical',
    config: { min_risk_score: 90 },
    cooldown_hours: 0,
    notify_webhook: true,
    webhook_id: world.ours.webhookId,
    scope: { tactics: ['initial-access'], tags: ['crown jewels'], sub_techniques: 'exclude' },
  };
  const preview = await call('POST', '/rules/preview', rule);
  expect(preview).toMatchObject({
    rule: { scope: rule.scope },
    outcome: 'fired',
    measured: 1,
    title:
      '1 technique has a risk score of 90 or more (in Initial Access, tagged crown jewels, without sub-techniques)',
    details: { top_attack_ids: ['T1078'], scope: rule.scope },
  });

  const { id } = await call('POST', '/rules', { name: 'Doors to the jewels', ...rule });
  await call('POST', '/evaluations');
  const alert = await world.alertOf(id);
  expect(alert).toMatchObject({ title: preview.title, message: preview.message, details: preview.details });
  expect(await sentToOurWebhook(alert.id)).toMatchObject({ details: { scope: rule.scope } });

  // With a wider scope it also counts the sub-technique; without a scope, the whole organisation.
  await call('PATCH', `/rules/${id}`, { scope: { tactics: ['initial-access'], tags: ['crown jewels'] } });
  expect(await call('POST', '/rules/preview', { rule_id: id })).toMatchObject({ measured: 2 });
  expect(await call('POST', '/rules/preview', { rule_id: id, scope: null })).toMatchObject({ measured: 4 });
  const from = new Date(Date.now() - 2 * 3_600_000).toISOString();
  const backtest = await call('POST', '/rules/backtest', { rule_id: id, from, step: 'hour' });
  expect(backtest.rule.scope).toEqual({ tactics: ['initial-access'], tags: ['crown jewels'] });
});

it('names the techniques of a regression within a scope in the alert, to webhooks and as a layer', async () => {
  const put = (statuses: Record<string, string>): Promise<unknown> =>
    call('PUT', '/posture', {
      items: Object.entries(statuses).map(([attack_id, status_global]) => ({
        attack_id,
        status_global,
        tags: ['front door'],
      })),
    });
  await put({ T1190: 'validated', T1133: 'validated', T1566: 'validated', T1041: 'validated' });
  await call('POST', '/snapshots');
  // Move the snapshot back one day, because there is only one per day.
  await world.database.query(
    'UPDATE posture_snapshot SET snapshot_date = snapshot_date - 1 WHERE organization_id = $1',
    [world.ours.organizationId],
  );
  await put({ T1190: 'not_covered', T1566: 'partial', T1041: 'not_covered' });
  await call('POST', '/snapshots');

  const scope = { tactics: ['initial-access'], tags: ['front door'] };
  const rule = { rule_type: 'coverage_regression', severity: 'high', scope, cooldown_hours: 0 };
  const { id } = await call('POST', '/rules', { name: 'The front door', ...rule });
  const preview = await call('POST', '/rules/preview', { rule_id: id });
  expect(preview).toMatchObject({ outcome: 'fired', measured: 50 });
  await call('POST', '/evaluations');
  const fired = await world.alertOf(id);
  const by = { change_source: 'api', changed_by: world.ours.adminId, changed_at: expect.stringMatching(/^20.*Z$/) };
  const details = {
    previous_pct: 100,
    current_pct: 50,
    techniques_count: 2,
    techniques: [
      { attack_id: 'T1190', from: 'validated', to: 'not_covered', ...by },
      { attack_id: 'T1566', from: 'validated', to: 'partial', ...by },
    ],
    tactics: [{ domain: 'enterprise-attack', tactic: 'initial-access', name: 'Initial Access', after_pct: 50 }],
    scope,
  };
  const alert = await call('GET', `/instances/${fired.id}`);
  expect(alert).toMatchObject({ title: preview.title, message: preview.message, details });
  expect(alert.title).toMatch(/^Coverage dropped by 50 percentage points, from 100% to 50% \(in Initial Access, /);
  expect(alert.message).toContain(
    'Tactic that lost coverage: Initial Access 100% to 50%. 2 techniques fell: T1190 (validated to not covered), T1566 (validated to partial).',
  );
  expect(await sentToOurWebhook(fired.id)).toMatchObject({ details });

  const layer = await world.vedette.request('GET', `/api/v1/instances/${fired.id}/export?format=navigator`, {
    token: world.ours.token,
  });
  expect(layer.status).toBe(200);
  const { techniques } = layer.body as { techniques: { techniqueID: string }[] };
  expect([...new Set(techniques.map(({ techniqueID }) => techniqueID))].sort()).toEqual(['T1190', 'T1566']);
});

it('queues stale validations by the policy, and a review finishes them', async () => {
  await call('PUT', '/posture', {
    items: [{ attack_id: 'T1071', status_global: 'validated', risk_score: 80, last_review_date: '2025-01-01' }],
  });
  const tiers = [{ from_risk: 0, days: 30 }];
  expect(await call('POST', '/revalidation-policy/run', { dry_run: true })).toMatchObject({ added: 1, dry_run: true });
  await call('PUT', '/revalidation-policy', { is_enabled: true, tiers });
  expect(await call('POST', '/revalidation-policy/run')).toMatchObject({ added: 1, dry_run: false });
  const { items } = await call('GET', '/revalidation-queue?status=pending');
  const item = items.find(({ attack_id: attackId }: { attack_id: string }) => attackId === 'T1071');
  expect(item).toMatchObject({ source: 'policy', created_by: null });
  await call('PATCH', `/revalidation-queue/${item.id}`, { status: 'done', outcome: 'partial' });
  expect(await call('GET', '/techniques/T1071')).toMatchObject({ status_global: 'partial' });
  expect(await call('POST', '/revalidation-policy/run')).toMatchObject({ added: 0 });
});
