import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { createTestDatabase, type TestDatabase } from './databases.js';
import { SECRET_KEY, VedetteProcess, type HttpAnswer } from './vedette-process.js';
import { startWebhookReceiver, type WebhookReceiver } from './webhook-receiver.js';

/** One organisation with one object of every kind, so that another can try to access them. */
export interface FilledOrganization {
  organizationId: string;
  token: string;
  adminId: string;
  email: string;
  ruleId: string;
  instanceId: string;
  notificationId: string;
  webhookId: string;
  deliveryId: string;
  apiKeyId: string;
  queueItemId: string;
  evaluationId: string;
  importId: string;
}

export interface TwoOrganizations {
  vedette: VedetteProcess;
  database: TestDatabase;
  receiver: WebhookReceiver;
  ours: FilledOrganization;
  theirs: FilledOrganization;
  /** The newest alert of our rule. The requested evaluation or one in the background may have opened it. */
  alertOf(ruleId: string): Promise<HttpAnswer['body']>;
  stop(): Promise<void>;
}

/** A running Vedette with two organisations that have one object of every kind. */
export async function startTwoOrganizations(): Promise<TwoOrganizations> {
  const database = await createTestDatabase();
  const receiver = await startWebhookReceiver();
  const vedette = await VedetteProcess.start({
    DATABASE_URL: database.url,
    VEDETTE_WEBHOOK_ALLOWED_HOSTS: receiver.host,
  });
  const created = runCommandLine(
    database,
    'organization',
    'create',
    'Other Mutual',
    '--admin-email',
    'admin@other.example',
  );
  const password = /password (\S+)/.exec(created)![1]!;
  const theirs = await fillOrganization(vedette, receiver, '/theirs', await vedette.signIn());
  // Their rule fired during the set-up. From here on it is in its cooldown, so any change to their data is an
  // intrusion.
  await vedette.api('PATCH', `/rules/${theirs.ruleId}`, { token: theirs.token, body: { cooldown_hours: 1_000 } });
  const ours = await fillOrganization(
    vedette,
    receiver,
    '/ours',
    await vedette.signIn('admin@other.example', password),
  );
  return {
    vedette,
    database,
    receiver,
    ours,
    theirs,
    alertOf: async (ruleId) => {
      const { items } = await vedette.api('GET', `/instances?rule_id=${ruleId}`, { token: ours.token });
      if (items.length === 0) throw new Error('the rule has no alert');
      return vedette.api('GET', `/instances/${items[0].id}`, { token: ours.token });
    },
    stop: async () => {
      await vedette.stop();
      await receiver.close();
      await database.drop();
    },
  };
}

/** Runs the built command line on the database and returns its output. */
export function runCommandLine(database: TestDatabase, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.resolve('dist/src/cli/main.js'), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, DATABASE_URL: database.url, VEDETTE_SECRET_KEY: SECRET_KEY },
  });
  if (status !== 0) throw new Error(`vedette ${args.join(' ')} failed: ${stderr}`);
  return stdout;
}

async function fillOrganization(
  vedette: VedetteProcess,
  receiver: WebhookReceiver,
  hook: string,
  token: string,
): Promise<FilledOrganization> {
  const call = (method: string, url: string, body?: unknown): Promise<HttpAnswer['body']> =>
    vedette.api(method, url, { token, body });
  const me = await call('GET', '/auth/me');
  const webhook = await call('POST', '/webhooks', {
    name: `hook ${hook}`,
    url: receiver.url(hook),
    events: ['alert.fired'],
  });
  const rule = await call('POST', '/rules', {
    name: `rule ${hook}`,
    rule_type: 'orphan_spike',
    severity: 'high',
    config: { min_orphan_count: 1 },
    cooldown_hours: 0,
    notify_webhook: true,
    webhook_id: webhook.id,
  });
  await call('PUT', '/posture', {
    items: [{ attack_id: 'T1059', status_global: 'validated', owner_email: me.user.email, risk_score: 42 }],
  });
  const item = await call('POST', '/revalidation-queue', { attack_id: 'T1059', reason: `reason ${hook}` });
  await call('POST', '/snapshots');
  const posture = await call('POST', '/posture/imports?format=json', {
    items: [{ attack_id: 'T1110', risk_score: 7 }],
  });
  const key = await call('POST', '/api-keys', { name: `key ${hook}`, role: 'viewer' });
  const evaluation = await call('POST', '/evaluations');
  await receiver.received(hook, 1);
  const deliveries = await call('GET', `/webhooks/${webhook.id}/deliveries`);
  const notifications = await call('GET', '/notifications');
  return {
    organizationId: me.organization.id,
    token,
    adminId: me.user.id,
    email: me.user.email,
    ruleId: rule.id,
    instanceId: evaluation.alerts[0].id,
    notificationId: notifications.items[0].id,
    webhookId: webhook.id,
    deliveryId: deliveries.items[0].id,
    apiKeyId: key.id,
    queueItemId: item.id,
    evaluationId: evaluation.id,
    importId: posture.id,
  };
}
