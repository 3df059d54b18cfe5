// Runs benchmarks one after the other, each on a new database, and prints the results as Markdown.
// scripts/bench.mjs builds `dist/` and calls this file.
import 'reflect-metadata';
import os from 'node:os';
import { changeToWebhook } from './change-to-webhook.mjs';
import { evaluateAfterPut } from './evaluate-after-put.mjs';
import { evaluateMany } from './evaluate-many.mjs';
import { startServer } from './lib/server.mjs';
import { table } from './lib/table.mjs';
import { memory } from './memory.mjs';
import { notifyPeople } from './notify-people.mjs';
import { openAlerts } from './open-alerts.mjs';
import { postureHistory } from './posture-history.mjs';
import { posturePut } from './posture-put.mjs';
import { readAlerts } from './read-alerts.mjs';
import { webhookDelivery } from './webhook-delivery.mjs';
import { webhookIsolation } from './webhook-isolation.mjs';

const BENCHMARKS = {
  'posture-put': posturePut,
  'posture-history': postureHistory,
  'evaluate-after-put': evaluateAfterPut,
  'evaluate-many': evaluateMany,
  'open-alerts': openAlerts,
  'notify-people': notifyPeople,
  'read-alerts': readAlerts,
  'change-to-webhook': changeToWebhook,
  'webhook-delivery': webhookDelivery,
  'webhook-isolation': webhookIsolation,
  memory,
};

/** @param names of benchmarks; empty: all of them. */
export async function runBenchmarks(names) {
  const unknown = names.filter((name) => !Object.hasOwn(BENCHMARKS, name));
  if (unknown.length > 0) {
    console.error(
      `There is no benchmark ${unknown.join(', ')}. The benchmarks are: ${Object.keys(BENCHMARKS).join(', ')}`,
    );
    process.exit(1);
  }
  const server = await startServer();
  let interrupted;
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => (interrupted ??= server.stop().finally(() => process.exit(130))));
  }
  try {
    console.log(machine(server));
    for (const name of names.length > 0 ? names : Object.keys(BENCHMARKS)) {
      console.log(`\n## ${name}\n`);
      await BENCHMARKS[name](server);
    }
  } finally {
    // An interruption stops the server, so any error of the benchmark after it is meaningless.
    await (interrupted ?? server.stop());
  }
}

function machine({ version, fsync, filesystem }) {
  const cpus = os.cpus();
  return table(
    ['machine', ''],
    [
      ['CPU', `${cpus[0]?.model ?? 'unknown'}, ${cpus.length} cores`],
      ['memory', `${Math.round(os.totalmem() / 2 ** 30)} GiB`],
      ['system', `${os.type()} ${os.release()}, load average ${os.loadavg()[0].toFixed(1)} at the start`],
      ['Node', process.versions.node],
      ['PostgreSQL', `${version}, embedded, fsync ${fsync}, data folder on ${filesystem}`],
    ],
  );
}
