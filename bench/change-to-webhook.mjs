import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Api } from './lib/application.mjs';
import { percentile } from './lib/measure.mjs';
import { startRecordingReceiver } from './lib/recording-receiver.mjs';
import { startProcess } from './lib/process.mjs';
import { ms, table } from './lib/table.mjs';

const SAMPLES = 50;
const DEBOUNCE_MS = 250;
const ARRIVAL_TIMEOUT_MS = 15_000;
const ADMIN = { email: 'admin@vedette.local', password: 'only for this benchmark' };

/** Measures the time from the answer to a PUT that makes a rule breach until a receiver has the webhook. */
export async function changeToWebhook(server) {
  const receiver = await startRecordingReceiver();
  const vedette = await startProcess(server, {
    VEDETTE_DATA_DIR: path.join(server.folder, 'change-to-webhook'),
    VEDETTE_ADMIN_PASSWORD: ADMIN.password,
    VEDETTE_WEBHOOK_ALLOWED_HOSTS: receiver.host,
  });
  const api = await signIn(vedette.address);
  try {
    const ruleId = await createRule(api, receiver.url('/webhooks'));
    const samples = [];
    for (let index = 0; index < SAMPLES; index++) samples.push(await sample(api, receiver, ruleId, index));
    report(samples);
  } finally {
    await api.close();
    await vedette.stop();
    await receiver.close();
  }
}

async function sample(api, receiver, ruleId, index) {
  const arrival = receiver.next(ruleId);
  const put = (risk_score) => api.call('PUT', '/api/v1/posture', { items: [{ attack_id: 'T1059', risk_score }] });
  await put(95);
  const answeredAt = Date.now();
  const answered = performance.now();
  const { at, data: alert } = await arrival;
  await settle(api, () => put(5));
  // The process ticks every few seconds. Different pauses start the samples at different moments between two ticks.
  await sleep((index * 137) % 500);
  const total = at - answered;
  const untilEvaluated = Date.parse(alert.created_at) - answeredAt;
  return { total, untilEvaluated, fromEvaluated: total - untilEvaluated };
}

/** Makes a change and waits for its evaluation, so that the next change is evaluated separately. */
async function settle(api, change) {
  const total = async () => (await api.call('GET', '/api/v1/evaluations?limit=1')).total;
  const before = await total();
  await change();
  for (const end = Date.now() + ARRIVAL_TIMEOUT_MS; (await total()) === before; await sleep(50)) {
    if (Date.now() > end) throw new Error('the change of posture was not evaluated in time');
  }
}

async function createRule(api, url) {
  const webhook = await api.call('POST', '/api/v1/webhooks', { name: 'Benchmark', url, events: [] });
  const rule = await api.call('POST', '/api/v1/rules', {
    name: 'One critical technique',
    rule_type: 'high_risk',
    severity: 'critical',
    config: { min_risk_score: 90, min_count: 1 },
    cooldown_hours: 0,
    notify_webhook: true,
    webhook_id: webhook.id,
  });
  return rule.id;
}

async function signIn(address) {
  const anonymous = new Api(address);
  const { access_token: token } = await anonymous.call('POST', '/api/v1/auth/login', ADMIN);
  await anonymous.close();
  return new Api(address, token);
}

function report(samples) {
  const row = (name, value) => {
    const numbers = samples.map(value);
    return [name, ms(percentile(numbers, 0.5)), ms(percentile(numbers, 0.99)), ms(Math.max(...numbers))];
  };
  console.log(`${samples.length} samples, so p99 by nearest rank is the largest of them.\n`);
  console.log(
    table(
      ['ms', 'p50', 'p99', 'max'],
      [
        ['the debounce (setting)', DEBOUNCE_MS, DEBOUNCE_MS, DEBOUNCE_MS],
        row('answer of the PUT to webhook received', ({ total }) => total),
        row('of that, until the evaluation begins', ({ untilEvaluated }) => untilEvaluated),
        row('of that, evaluation, commit, delivery', ({ fromEvaluated }) => fromEvaluated),
      ],
    ),
  );
}
