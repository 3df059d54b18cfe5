// `npm run demo`: Vedette on a data folder of its own, with a generated organisation and a webhook receiver beside it that prints what it gets.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { receiverPort, startReceiver } from './demo-receiver.mjs';
import { build, install, root } from './lib/prepare.mjs';
import { stopWithNpm } from './lib/stop-with-parent.mjs';

// `.env` is left unread: it is about the data that somebody works with.
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
  // A demo never writes into a database that somebody works with.
  DATABASE_URL: '',
});

// In this very process, as `npm start` does, so that signals reach it; the receiver stays up until the last delivery is out.
await import(built('dist/src/main.js'));

function built(file) {
  return pathToFileURL(path.join(root, file)).href;
}
