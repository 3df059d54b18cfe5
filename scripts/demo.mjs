// `npm run demo` starts Vedette with a separate data folder and a generated organisation.
// It also starts a webhook receiver, which prints each webhook.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { receiverPort, startReceiver } from './demo-receiver.mjs';
import { build, install, root } from './lib/prepare.mjs';
import { stopWithNpm } from './lib/stop-with-parent.mjs';

// The demo does not read `.env`, because those settings belong to real data.
const isNpmGone = stopWithNpm();
process.chdir(root);
install();
build();
if (isNpmGone()) process.exit(143);

const port = receiverPort();
const receiver = await startReceiver({ port }).catch((error) => {
  const isTaken = error.code === 'EADDRINUSE';
  console.error(isTaken ? `port ${port} is in use. Choose another with DEMO_RECEIVER_PORT.` : error.message);
  process.exit(1);
});
console.log(`  the demo's webhook receiver listens on ${receiver.url}`);

const { DEMO_PASSWORD, DEMO_USERS } = await import(built('dist/src/demo/demo-users.js'));
const { host } = new URL(receiver.url);
Object.assign(process.env, {
  VEDETTE_DEMO: 'true',
  VEDETTE_DATA_DIR: process.env.VEDETTE_DATA_DIR || '.vedette-demo',
  VEDETTE_DEMO_RECEIVER_URL: receiver.url,
  VEDETTE_WEBHOOK_ALLOWED_HOSTS: [process.env.VEDETTE_WEBHOOK_ALLOWED_HOSTS, host].filter(Boolean).join(','),
  VEDETTE_ADMIN_EMAIL: DEMO_USERS[0].email,
  VEDETTE_ADMIN_PASSWORD: DEMO_PASSWORD,
  // The demo uses its own embedded database, and never the database of a real deployment.
  DATABASE_URL: '',
});

// Runs in this process, so that signals reach it and the receiver runs until the last delivery.
await import(built('dist/src/main.js'));

function built(file) {
  return pathToFileURL(path.join(root, file)).href;
}
