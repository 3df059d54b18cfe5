import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Webhook } from 'standardwebhooks';
import { ADMIN_EMAIL, ADMIN_PASSWORD, eventually, VedetteProcess } from '../support/vedette-process.js';
import { startWebhookReceiver, type WebhookReceiver } from '../support/webhook-receiver.js';

/** The first start of a new user, on the embedded database. Each test continues from the one before. */
describe('a first start with only the packages', () => {
  let dataDir: string;
  let receiver: WebhookReceiver;
  let vedette: VedetteProcess;
  let token: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    dataDir = mkdtempSync(path.join(os.tmpdir(), 'vedette-first-start-'));
    // As root, the embedded PostgreSQL runs as another user, who must be able to enter the folder.
    chmodSync(dataDir, 0o711);
    receiver = await startWebhookReceiver();
    env = {
      VEDETTE_DATA_DIR: dataDir,
      VEDETTE_SECRET_KEY: '',
      VEDETTE_ADMIN_PASSWORD: '',
      VEDETTE_WEBHOOK_ALLOWED_HOSTS: receiver.host,
    };
    vedette = await VedetteProcess.start(env);
  });

  afterAll(async () => {
    await vedette?.stop();
    await receiver?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('prints the address, the sign-in and the two alerts that fired', () => {
    expect(vedette.output).toContain(`address   ${vedette.url}`);
    expect(vedette.output).toContain(`explorer  ${vedette.url}/docs`);
    expect(vedette.output).toContain(`sign-in   ${ADMIN_EMAIL}`);
    expect(vedette.output).toMatch(/password {2}\S{16,} {3}\(shown this once\)/);
    expect(vedette.output).toContain('8 rules evaluated, 2 alerts fired:');
    expect(vedette.output).toMatch(/\[medium\] .*coverage/i);
    expect(vedette.output).toMatch(/\[low\] .*owner/i);
  });

  it('signs in the admin with the printed password, and shows the alerts with their evidence', async () => {
    const password = /password {2}(\S+)/.exec(vedette.output)![1]!;
    token = await vedette.signIn(ADMIN_EMAIL, password);
    const { items, total } = await vedette.api('GET', '/instances', { token });
    expect(total).toBe(2);
    const byType = Object.fromEntries(items.map((item: { rule_type: string }) => [item.rule_type, item]));
    expect(byType.low_coverage.details).toMatchObject({
      coverage_pct: 0,
      threshold: 30,
      validated: 0,
      partial: 0,
      total: 691,
    });
    expect(byType.orphan_spike.details).toMatchObject({ orphan_count: 691, total: 691, threshold: 20 });
    expect(
      (await vedette.api('GET', '/notifications', { token })).items
        .map((notice: { alert_id: string }) => notice.alert_id)
        .sort(),
    ).toEqual(items.map((item: { id: string }) => item.id).sort());
  });

  it('has the eight system rules in their order', async () => {
    const { items } = await vedette.api('GET', '/rules', { token });
    expect(items.map((rule: { name: string }) => rule.name)).toEqual([
      'Critical Risk Techniques',
      'High-Risk Technique Spike',
      'Stale Technique Detection',
      'Coverage Regression',
      'Low Coverage Warning',
      'Revalidation Queue Backlog',
      'New MITRE Techniques Detected',
      'Orphan Technique Spike',
    ]);
    expect(items.every((rule: { is_system: boolean }) => rule.is_system)).toBe(true);
  });

  it('evaluates soon after a change of posture, and sends a signed webhook that an independent library verifies', async () => {
    const webhook = await vedette.api('POST', '/webhooks', {
      token,
      body: { name: 'SOC', url: receiver.url('/soc'), events: ['alert.fired'] },
    });
    const items = ['T1059', 'T1003', 'T1110'].map((attack_id) => ({
      attack_id,
      risk_score: 80,
      status_global: 'not_covered',
    }));
    expect(await vedette.api('PUT', '/posture', { token, body: { items } })).toMatchObject({ updated: 3 });

    const [request] = await receiver.received('/soc', 1);
    const verified = new Webhook(webhook.secret).verify(request!.body, request!.headers as Record<string, string>) as {
      type: string;
      data: Record<string, unknown>;
    };
    expect(verified.type).toBe('alert.fired');
    expect(verified.data).toMatchObject({
      rule_name: 'Critical Risk Techniques',
      rule_type: 'high_risk',
      severity: 'critical',
      details: { count: 3, threshold: 75, top_scores: [80, 80, 80], top_attack_ids: ['T1003', 'T1059', 'T1110'] },
    });
    const { items: runs } = await vedette.api('GET', '/evaluations?limit=1', { token });
    expect(runs[0]).toMatchObject({ trigger: 'posture_change', alerts_fired: 1 });
  });

  it('evaluates on request, and counts rules in cooldown', async () => {
    const answer = await vedette.api('POST', '/evaluations', { token });
    expect(answer).toMatchObject({
      trigger: 'manual',
      rules_evaluated: 8,
      alerts_fired: 0,
      alerts: [],
      duration_seconds: expect.any(Number),
    });
    expect(answer.outcomes.filter((outcome: { outcome: string }) => outcome.outcome === 'cooldown')).toHaveLength(3);
  });

  it('serves the API explorer and its document', async () => {
    const explorer = await vedette.request('GET', '/docs');
    expect(explorer.status).toBe(200);
    expect(explorer.headers.get('content-type')).toContain('text/html');
    expect((await vedette.request('GET', '/docs-json')).body.info.title).toBe('Vedette');
  });

  it('stops with its database at SIGTERM, and has its data after the next start', async () => {
    const before = await vedette.api('GET', '/instances', { token });
    expect(await vedette.stop('SIGTERM')).toBe(0);
    expect(existsSync(path.join(dataDir, 'postgres/postmaster.pid'))).toBe(false);

    vedette = await VedetteProcess.start(env);
    expect(vedette.output).not.toContain('shown this once');
    // The token is still valid, because the signing key is stored.
    expect(await vedette.api('GET', '/instances', { token })).toEqual(before);
  });

  it('continues after kill -9 with the database that kept running', async () => {
    await vedette.kill();
    vedette = await VedetteProcess.start(env);
    expect((await vedette.api('GET', '/instances/summary', { token })).total_open).toBe(3);
    expect((await vedette.request('GET', '/health/ready')).body).toMatchObject({ status: 'ok', database: 'up' });
  });

  it('stops with its database at Ctrl-C', async () => {
    expect(await vedette.stop('SIGINT')).toBe(0);
    expect(existsSync(path.join(dataDir, 'postgres/postmaster.pid'))).toBe(false);
  });
});

describe('a start that fails', () => {
  it('names the invalid variables, but not their values', async () => {
    const vedette = await VedetteProcess.launch({
      PORT: '65536',
      VEDETTE_EVALUATION_CRON: 'now and then',
      VEDETTE_ADMIN_PASSWORD: 'short-secret',
    });
    expect(await vedette.exited).toBe(1);
    expect(vedette.output).toContain('PORT must be a whole number from 0 to 65535');
    expect(vedette.output).toContain('VEDETTE_EVALUATION_CRON must be a cron expression');
    expect(vedette.output).not.toContain('short-secret');
  });

  it('requires a secret key with an external database', async () => {
    const vedette = await VedetteProcess.launch({
      DATABASE_URL: 'postgres://unknown@127.0.0.1:1/none',
      VEDETTE_SECRET_KEY: '',
    });
    expect(await vedette.exited).toBe(1);
    expect(vedette.output).toContain('VEDETTE_SECRET_KEY must be set together with DATABASE_URL');
  });

  it('reports a port in use, stops the database, and still prints the first password', async () => {
    const dataDir = mkdtempSync(path.join(os.tmpdir(), 'vedette-port-taken-'));
    chmodSync(dataDir, 0o711);
    const receiver = await startWebhookReceiver();
    const env = { VEDETTE_DATA_DIR: dataDir, VEDETTE_ADMIN_PASSWORD: '', VEDETTE_SECRET_KEY: '' };
    const refused = await VedetteProcess.launch({ ...env, PORT: receiver.host.split(':')[1]! });
    expect(await refused.exited).toBe(1);
    expect(refused.output).toMatch(/port \d+ is in use/);
    await eventually(() => !existsSync(path.join(dataDir, 'postgres/postmaster.pid')), 'the database is stopped');

    const vedette = await VedetteProcess.start(env);
    const password = /password {2}(\S+) {3}\(shown this once\)/.exec(refused.output)![1]!;
    expect(await vedette.signIn(ADMIN_EMAIL, password)).toEqual(expect.any(String));
    await vedette.stop();
    await receiver.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('stops with its database when it gets a signal during the start', async () => {
    const dataDir = mkdtempSync(path.join(os.tmpdir(), 'vedette-early-stop-'));
    chmodSync(dataDir, 0o711);
    const vedette = await VedetteProcess.launch({ VEDETTE_DATA_DIR: dataDir });
    await vedette.waitForOutput('creating the database cluster');
    expect(await vedette.stop('SIGINT')).toBe(0);
    expect(existsSync(path.join(dataDir, 'postgres/postmaster.pid'))).toBe(false);
    rmSync(dataDir, { recursive: true, force: true });
  });
});

/** {@link VedetteProcess} sets the tests' password by default. */
it('uses the admin password from the environment', async () => {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'vedette-password-'));
  chmodSync(dataDir, 0o711);
  const vedette = await VedetteProcess.start({ VEDETTE_DATA_DIR: dataDir });
  expect(vedette.output).not.toContain(ADMIN_PASSWORD);
  expect(await vedette.signIn()).toEqual(expect.any(String));
  await vedette.stop();
  rmSync(dataDir, { recursive: true, force: true });
});
