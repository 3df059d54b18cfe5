// The webhook receiver of the demo. `node scripts/demo-receiver.mjs` runs only the receiver, on DEMO_RECEIVER_PORT or
// any free port.
// It verifies the signature (https://www.standardwebhooks.com) before it uses the body, recognises repeats by their
// webhook-id, and answers at once. It uses only Node's own modules.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Not a real secret: it is public. src/demo/demo-webhook.ts signs with it. */
const DEMO_WEBHOOK_SECRET = 'whsec_ZGVtbyBvbmx5LCB0aGlzIGlzIG5vdCBhIHNlY3JldCE=';

/** Maximum age of a timestamp, and maximum error of the sender's clock, in seconds. Limits replays. */
const TOLERANCE_SECONDS = 5 * 60;

const MAX_BODY_BYTES = 1 << 20;

/** The receiver remembers this many webhook-ids to recognise repeats. */
const REMEMBERED_IDS = 10_000;

/**
 * Listens on 127.0.0.1 and prints each webhook.
 * @param port 0: any free port.
 * @returns the URL of the receiver, and a function to close it.
 */
export async function startReceiver({ port = 0, print = console.log } = {}) {
  const seen = new Set();
  const server = createServer((request, response) => {
    receive(request, seen, print)
      .catch((error) => ({ status: 400, text: error.message }))
      .then(({ status, text }) => {
        if (!response.headersSent) response.writeHead(status, { 'content-type': 'text/plain', connection: 'close' });
        response.end(text ? `${text}\n` : undefined);
      });
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const url = `http://127.0.0.1:${server.address().port}/webhooks`;
  return { url, close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()) };
}

/** @returns the port from `DEMO_RECEIVER_PORT`; 0 (any free port) if it is not set. */
export function receiverPort(text = process.env.DEMO_RECEIVER_PORT) {
  if (!text) return 0;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  console.error('DEMO_RECEIVER_PORT must be a whole number from 0 to 65535');
  process.exit(1);
}

async function receive(request, seen, print) {
  if (request.method !== 'POST') return { status: 405, text: 'send a POST' };
  const body = await readBody(request);
  if (body === null) return { status: 413, text: `a body may have at most ${MAX_BODY_BYTES} bytes` };
  const id = String(request.headers['webhook-id'] ?? '');
  const isVerified = verify(id, request.headers, body);
  const isRepeat = isVerified && seen.has(id);
  if (isVerified) remember(seen, id);
  print(describe({ id, body, isVerified, isRepeat }));
  return isVerified ? { status: 204 } : { status: 401, text: 'the signature is missing, wrong or too old' };
}

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function verify(id, headers, body) {
  const timestamp = String(headers['webhook-timestamp'] ?? '');
  if (!id || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) return false;
  const key = Buffer.from(DEMO_WEBHOOK_SECRET.slice('whsec_'.length), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest();
  return String(headers['webhook-signature'] ?? '')
    .split(' ')
    .filter((signature) => signature.startsWith('v1,'))
    .map((signature) => Buffer.from(signature.slice('v1,'.length), 'base64'))
    .some((given) => given.length === expected.length && timingSafeEqual(given, expected));
}

function remember(seen, id) {
  seen.add(id);
  if (seen.size > REMEMBERED_IDS) seen.delete(seen.values().next().value);
}

function describe({ id, body, isVerified, isRepeat }) {
  const { type, data = {} } = parse(body);
  const summary = [
    plain(type) || 'unknown event',
    data.severity && `[${plain(data.severity)}]`,
    data.is_demo && '(demo)',
  ];
  return [
    '',
    `  webhook   ${summary.filter(Boolean).join(' ')}${isRepeat ? '   again' : ''}`,
    data.title && `            ${plain(data.title)}`,
    data.message && `            ${plain(data.message)}`,
    `            webhook-id ${plain(id) || 'missing'}   signature verified: ${isVerified ? 'yes' : 'no'}`,
  ]
    .filter((line) => line !== undefined)
    .join('\n');
}

function parse(body) {
  try {
    const value = JSON.parse(body);
    return value !== null && typeof value === 'object' && typeof (value.data ?? {}) === 'object'
      ? { ...value, data: value.data ?? {} }
      : {};
  } catch {
    return {};
  }
}

/** Makes text from a request safe to print: one line without control characters. */
function plain(value) {
  return typeof value === 'string' ? value.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ').slice(0, 1000) : '';
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const receiver = await startReceiver({ port: receiverPort() }).catch(({ message }) => {
    console.error(`The receiver could not start: ${message}`);
    process.exit(1);
  });
  console.log(`  receiver  ${receiver.url}`);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => void receiver.close().then(() => process.exit(0)));
  }
}
