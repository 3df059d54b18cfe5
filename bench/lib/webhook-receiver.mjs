// A receiver in a separate thread that uses as little time as possible, so that it does not slow down the sender.
// It reads each request by its Content-Length and answers 204.
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const HEAD_END = Buffer.from('\r\n\r\n');
const CONTENT_LENGTH = /\r\ncontent-length: (\d+)\r\n/i;
const ANSWER = Buffer.from('HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n\r\n');

/** @returns the host, and functions to count requests, to wait for a number of requests, and to stop. */
export async function startReceiver() {
  const worker = new Worker(fileURLToPath(import.meta.url));
  const answer = () => new Promise((resolve) => worker.once('message', resolve));
  const port = await answer();
  return {
    host: `127.0.0.1:${port}`,
    received: () => {
      worker.postMessage(0);
      return answer();
    },
    /** Waits until `count` requests have come, without polling, which would slow down the deliveries. */
    receives: (count) => {
      worker.postMessage(count);
      return answer();
    },
    stop: () => worker.terminate(),
  };
}

/** @returns the length in bytes of the first request in `received`; 0 if it is not complete yet. */
function lengthOfRequest(received) {
  const headLength = received.indexOf(HEAD_END);
  if (headLength === -1) return 0;
  const head = received.latin1Slice(0, headLength + 2);
  const length = headLength + HEAD_END.length + Number(CONTENT_LENGTH.exec(head)?.[1] ?? NaN);
  if (!head.startsWith('POST ') || Number.isNaN(length)) throw new Error(`not a POST with a length: ${head}`);
  return received.length < length ? 0 : length;
}

if (!isMainThread) {
  let count = 0;
  let awaitedCount = Infinity;
  const server = createServer({ noDelay: true }, (socket) => {
    let received = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      for (let length = lengthOfRequest(received); length > 0; length = lengthOfRequest(received)) {
        received = received.subarray(length);
        count++;
        socket.write(ANSWER);
        if (count >= awaitedCount) report();
      }
    });
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
  const report = () => {
    awaitedCount = Infinity;
    parentPort.postMessage(count);
  };
  parentPort.on('message', (atLeast) => {
    awaitedCount = atLeast;
    if (count >= awaitedCount) report();
  });
}
